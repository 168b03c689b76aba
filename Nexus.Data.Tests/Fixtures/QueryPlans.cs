using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Nexus.Data.Tests.Fixtures;

/// <summary>
/// The plans of what a service sends, as the server ran them with the service's own parameters: EXPLAIN (ANALYZE, BUFFERS,
/// FORMAT JSON) of each statement, by auto_explain.
/// </summary>
internal sealed class QueryPlans
{
    private readonly List<JsonElement> _nodes;

    private QueryPlans(IEnumerable<JsonElement> plans) => _nodes = [.. plans.SelectMany(Nodes)];

    /// <summary>The indexes that were read.</summary>
    public IReadOnlyList<string> Indexes => [.. _nodes.Select(node => Text(node, "Index Name")).OfType<string>().Distinct()];

    /// <summary>The tables that were read from beginning to end.</summary>
    public IReadOnlyList<string> Scanned
        => [.. _nodes.Where(node => Text(node, "Node Type") == "Seq Scan").Select(node => Text(node, "Relation Name")!).Distinct()];

    /// <summary>Pages that were looked at.</summary>
    public long Buffers { get; private init; }

    /// <summary>How many statements there were.</summary>
    public int Statements { get; private init; }

    /// <summary>The major version of the server that made them.</summary>
    public int ServerVersion { get; private init; }

    /// <summary>The plans as they came.</summary>
    public string All { get; private init; } = "";

    /// <summary>Does something in a context, again and again as a service would, and gives the plans of the last time.</summary>
    /// <param name="administrator">A connection string of somebody who may load a library.</param>
    /// <param name="work">What to look at.</param>
    /// <param name="times">How often: after some times statements are prepared, and some times later planned once for all.</param>
    public static async Task<QueryPlans> OfAsync(string administrator, Func<NexusDbContext, Task> work, int times = 12)
    {
        var texts = new List<string>();
        await using var db = Server.Open(administrator);
        await db.Database.OpenConnectionAsync();
        await db.Database.ExecuteSqlRawAsync(
            """
            LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on;
            SET auto_explain.log_buffers = on; SET auto_explain.log_format = json; SET auto_explain.log_level = 'notice';
            SET auto_explain.log_nested_statements = on; SET jit = off
            """);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        connection.Notice += (_, notice) => texts.Add(notice.Notice.MessageText);
        for (var i = 0; i < times; i++)
        {
            texts.Clear();
            await work(db);

            // The server tells of a statement when the next one takes its portal.
            await db.Database.ExecuteSqlRawAsync("SELECT 1");
        }

        var plans = texts.Where(text => text.Contains('{', StringComparison.Ordinal))
            .Select(text => JsonDocument.Parse(text[text.IndexOf('{', StringComparison.Ordinal)..]).RootElement)
            .Where(plan => Text(plan, "Query Text")?.Trim() != "SELECT 1")
            .ToList();
        var roots = plans.ConvertAll(plan => plan.GetProperty("Plan"));
        return new(roots)
        {
            Statements = plans.Count,
            ServerVersion = connection.PostgreSqlVersion.Major,
            Buffers = roots.Sum(
                plan => plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64()),
            All = string.Join("\n", texts),
        };
    }

    private static IEnumerable<JsonElement> Nodes(JsonElement plan)
        => plan.TryGetProperty("Plans", out var children)
            ? children.EnumerateArray().SelectMany(Nodes).Prepend(plan)
            : [plan];

    private static string? Text(JsonElement node, string name)
        => node.TryGetProperty(name, out var value) ? value.GetString() : null;
}
