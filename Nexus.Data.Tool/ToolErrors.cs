using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Nexus.Data.Embedded;
using Npgsql;

namespace Nexus.Data.Tool;

/// <summary>Tells an error in one sentence, and by the exit code.</summary>
internal static class ToolErrors
{
    public static async Task<int> ReportAsync(
        Exception exception, TextWriter error, bool debug, CancellationToken cancellationToken)
    {
        var (exitCode, message) = Judge(exception, cancellationToken);

        // The server's messages quote what stands in rows.
        await error.WriteLineAsync(TerminalText.Block(message));
        if (debug)
        {
            await error.WriteLineAsync(exception.ToString());
        }
        else if (exitCode == ExitCode.Unexpected)
        {
            await error.WriteLineAsync("Run it again with --debug to see where it happened.");
        }

        return exitCode;
    }

    private static (int ExitCode, string Message) Judge(Exception exception, CancellationToken cancellationToken)
    {
        // The server reports what was cancelled as an error of its own.
        if (cancellationToken.IsCancellationRequested)
        {
            return (ExitCode.Interrupted, "Stopped.");
        }

        return Chain(exception).Select(Known).FirstOrDefault(known => known is not null)
            ?? (ExitCode.Unexpected, $"Unexpected error: {exception.Message}");
    }

    private static (int, string)? Known(Exception exception) => exception switch
    {
        ToolException tool => (tool.ExitCode, tool.Message),
        PostgresUnavailableException unavailable => (ExitCode.NoConnection, unavailable.Message),
        OptionsValidationException options => (ExitCode.WrongUsage, string.Join(' ', options.Failures)),
        NexusDataException data => (CodeOf(data.Kind), data.Message),
        PostgresException { SqlState: var state } postgres when RefusesConnection(state)
            => (ExitCode.NoConnection, $"The server let us not in: {postgres.MessageText} ({state})."),
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn }
            => (ExitCode.CheckFailed, "The database is behind this version: run 'nexus-data migrate' first."),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } postgres
            => (ExitCode.Refused, $"The user may not do that: {postgres.MessageText}."),
        PostgresException => null,
        NpgsqlException { InnerException: SocketException or TimeoutException or IOException } npgsql
            => (ExitCode.NoConnection, $"There is no connection: {npgsql.Message.TrimEnd('.')}."),
        UnauthorizedAccessException or IOException => (ExitCode.CheckFailed, exception.Message),
        SocketException socket => (ExitCode.NoConnection, $"There is no connection: {socket.Message.TrimEnd('.')}."),
        _ => null,
    };

    private static int CodeOf(NexusDataErrorKind kind) => kind switch
    {
        NexusDataErrorKind.Validation => ExitCode.WrongUsage,
        NexusDataErrorKind.Forbidden => ExitCode.Refused,
        NexusDataErrorKind.Unavailable => ExitCode.NoConnection,
        _ => ExitCode.CheckFailed,
    };

    // Classes 08 and 28, a database that is not there, too many connections, a server that starts or stops.
    private static bool RefusesConnection(string state)
        => state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("28", StringComparison.Ordinal)
           || state is PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.TooManyConnections
               or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CannotConnectNow;

    private static IEnumerable<Exception> Chain(Exception exception)
    {
        for (var inner = exception; inner is not null; inner = inner.InnerException)
        {
            yield return inner;
        }
    }
}
