using System.Buffers;
using System.Data;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Recording;

/// <summary>Writes requests as a request log, in the order of their times: the other end of <see cref="RequestImporter"/>.</summary>
/// <param name="contexts">Makes the context that is read from.</param>
public sealed class RequestExporter(IDbContextFactory<NexusDbContext> contexts)
{
    /// <summary>Writes requests as of one moment, one JSON object a line, with the events of their streamed answers. Bodies
    /// are the bytes that came, where they were kept, else the same JSON values. Memory does not grow with their number, only
    /// with the longest line.</summary>
    /// <remarks>The server keeps what others delete meanwhile until the end. A connection that breaks is not opened again, for
    /// half of the log is written already.</remarks>
    /// <param name="log">Where the log goes; the caller disposes it.</param>
    /// <param name="export">Which requests; null for all.</param>
    /// <param name="cancellationToken">Stops between lines.</param>
    public async Task<ExportReport> ExportAsync(
        Stream log, ExportOptions? export = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        export ??= new();

        // Beside EF, which holds all rows of an answer where it may have to ask again.
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Database.OpenConnectionAsync(cancellationToken);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using (var settings = new NpgsqlCommand(LogRows.Settings, connection))
        {
            await settings.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var command = new NpgsqlCommand(LogRows.Select(export), connection) { CommandTimeout = 0 };
        Add(command, export);
        var report = new ExportReport();
        var buffer = new ArrayBufferWriter<byte>();
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                buffer.ResetWrittenCount();
                var chunks = LogRows.Write(buffer, rows);
                await log.WriteAsync(buffer.WrittenMemory, cancellationToken);
                report = new(report.Requests + 1, report.Chunks + chunks, report.Bytes + buffer.WrittenCount);
                export.Progress?.Report(report);
            }
        }

        await log.FlushAsync(cancellationToken);
        return report;
    }

    private static void Add(NpgsqlCommand command, ExportOptions export)
    {
        if (export.TrainId is { } train)
        {
            command.Parameters.Add(DbCommands.Text("train", train));
        }

        if (export.ConversationId is { } conversation)
        {
            command.Parameters.Add(DbCommands.Uuid("conversation", conversation));
        }

        if (export.Since is { } since)
        {
            command.Parameters.Add(DbCommands.Time("since", since));
        }
    }
}
