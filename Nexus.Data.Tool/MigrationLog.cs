using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Logging;
using Nexus.Data.Operations;

namespace Nexus.Data.Tool;

/// <summary>Prints each migration as EF begins it, and what it has to tell.</summary>
internal sealed class MigrationLog(TextWriter output) : ILoggerProvider, ILogger
{
    // The library's name for what a migration told.
    private const string WarningName = "NexusMigrationWarning";

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
        => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        var word = eventId.Id == RelationalEventId.MigrationApplying.Id ? "apply"
            : eventId.Id == RelationalEventId.MigrationReverting.Id ? "revert"
            : null;
        if (word is not null && state is IReadOnlyList<KeyValuePair<string, object?>> values
            && values.FirstOrDefault(value => value.Key == "migration").Value is string id)
        {
            output.WriteLine($"{word} {SchemaMigrator.Display(id)}");
        }
        else if (eventId.Name == WarningName)
        {
            output.WriteLine($"  {formatter(state, exception)}");
        }
    }

    public void Dispose()
    {
    }
}
