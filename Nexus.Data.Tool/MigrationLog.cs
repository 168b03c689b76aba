using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Logging;
using Nexus.Data.Operations;

namespace Nexus.Data.Tool;

/// <summary>Prints each migration as EF begins it, and what it has to tell.</summary>
/// <param name="steps">Where migrations are named.</param>
/// <param name="warnings">Where it is printed what they tell.</param>
internal sealed class MigrationLog(TextWriter steps, TextWriter warnings) : ILoggerProvider, ILogger
{
    // The library's name for what a migration told.
    private const string WarningName = "NexusMigrationWarning";

    /// <summary>On standard output, except where JSON is there, which names the migrations itself.</summary>
    public static MigrationLog For(ToolHost host, bool json)
        => json ? new(TextWriter.Null, host.Error) : new(host.Output, host.Output);

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
            steps.WriteLine($"{word} {SchemaMigrator.Display(id)}");
        }
        else if (eventId.Name == WarningName)
        {
            warnings.WriteLine($"  {TerminalText.Line(formatter(state, exception))}");
        }
    }

    public void Dispose()
    {
    }
}
