using System.Data.Common;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Nexus.Data.Seeding.Bench;

/// <summary>How the server answers statements.</summary>
/// <param name="Indexes">The indexes of their plans.</param>
/// <param name="Pages">How many pages were looked at, in the cache or not; 0 where they were planned alone.</param>
internal sealed record QueryPlan(IReadOnlyList<string> Indexes, long Pages)
{
    /// <summary>Runs statements once more and tells how they were answered.</summary>
    /// <param name="db">Where they run.</param>
    /// <param name="statements">The statements, which only read.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static Task<QueryPlan> RunAsync(
        NexusDbContext db, IEnumerable<AskedStatement> statements, CancellationToken cancellationToken)
        => ExplainAsync(db, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)", statements, cancellationToken);

    /// <summary>Plans statements as for tables in which a scan of everything, or to sort what another index finds, would not do, and runs
    /// none.</summary>
    /// <inheritdoc cref="RunAsync"/>
    public static async Task<QueryPlan> OfLargeTablesAsync(
        NexusDbContext db, IReadOnlyCollection<AskedStatement> statements, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlRawAsync("SET LOCAL enable_seqscan = off", cancellationToken);
        var unscanned = await ExplainAsync(db, "EXPLAIN (FORMAT JSON)", statements, cancellationToken);

        // Apart: an index of words gives a bitmap alone.
        await db.Database.ExecuteSqlRawAsync("SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off", cancellationToken);
        var ordered = await ExplainAsync(db, "EXPLAIN (FORMAT JSON)", statements, cancellationToken);
        return new([.. unscanned.Indexes.Union(ordered.Indexes)], 0);
    }

    private static async Task<QueryPlan> ExplainAsync(
        NexusDbContext db, string explain, IEnumerable<AskedStatement> statements, CancellationToken cancellationToken)
    {
        var indexes = new SortedSet<string>(StringComparer.Ordinal);
        var pages = 0L;
        foreach (var (text, parameters) in statements)
        {
            await using var command = (NpgsqlCommand)db.Database.GetDbConnection().CreateCommand();
            command.CommandText = $"{explain} {text}";
            command.Parameters.AddRange(parameters.Select(parameter => parameter.Clone()).ToArray());
            using var plan = JsonDocument.Parse((string)(await command.ExecuteScalarAsync(cancellationToken))!);
            var root = plan.RootElement[0].GetProperty("Plan");
            indexes.UnionWith(IndexesOf(root));
            pages += Blocks(root, "Shared Hit Blocks") + Blocks(root, "Shared Read Blocks");
        }

        return new([.. indexes], pages);
    }

    private static IEnumerable<string> IndexesOf(JsonElement node)
    {
        if (node.TryGetProperty("Index Name", out var index))
        {
            yield return index.GetString()!;
        }

        if (node.TryGetProperty("Plans", out var plans))
        {
            foreach (var name in plans.EnumerateArray().SelectMany(IndexesOf))
            {
                yield return name;
            }
        }
    }

    private static long Blocks(JsonElement node, string name) => node.TryGetProperty(name, out var blocks) ? blocks.GetInt64() : 0;
}

/// <summary>A statement that a service sent.</summary>
/// <param name="Text">The statement.</param>
/// <param name="Parameters">Its parameters.</param>
internal sealed record AskedStatement(string Text, IReadOnlyList<NpgsqlParameter> Parameters);

/// <summary>Notes what a context asks.</summary>
internal sealed class StatementRecorder : DbCommandInterceptor
{
    public List<AskedStatement> Statements { get; } = [];

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Statements.Add(new(command.CommandText, [.. command.Parameters.Cast<NpgsqlParameter>().Select(parameter => parameter.Clone())]));
        return ValueTask.FromResult(result);
    }
}
