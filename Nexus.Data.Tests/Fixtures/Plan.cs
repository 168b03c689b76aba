using System.Text.Json;
using Npgsql;

namespace Nexus.Data.Tests.Fixtures;

/// <summary>How a statement was run, in the server's own words.</summary>
internal sealed record Plan
{
    /// <summary>The indexes that were read.</summary>
    public required IReadOnlyList<string> Indexes { get; init; }

    /// <summary>The tables that were read from end to end.</summary>
    public required IReadOnlyList<string> ScannedTables { get; init; }

    /// <summary>Pages of 8 KB that were touched, each as often as it was.</summary>
    public required long Buffers { get; init; }

    /// <summary>Milliseconds that it took.</summary>
    public required double Milliseconds { get; init; }

    /// <summary>The whole plan as JSON, for messages.</summary>
    public required string Text { get; init; }

    /// <summary>Runs a statement and reads its plan.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="sql">The statement.</param>
    /// <param name="parameters">Its parameters; they are copied.</param>
    public static async Task<Plan> OfAsync(string connectionString, string sql, params IEnumerable<NpgsqlParameter> parameters)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", connection);
        command.Parameters.AddRange(parameters.Select(parameter => parameter.Clone()).ToArray());
        var text = (string)(await command.ExecuteScalarAsync())!;

        using var json = JsonDocument.Parse(text);
        var root = json.RootElement[0];
        var top = root.GetProperty("Plan");
        var nodes = Nodes(top).ToList();
        return new()
        {
            Indexes = [.. Names(nodes, "Index Name").Distinct().Order(StringComparer.Ordinal)],
            ScannedTables =
            [
                .. Names(nodes.Where(node => node.GetProperty("Node Type").GetString() == "Seq Scan"), "Relation Name")
                    .Distinct().Order(StringComparer.Ordinal),
            ],
            Buffers = top.GetProperty("Shared Hit Blocks").GetInt64() + top.GetProperty("Shared Read Blocks").GetInt64(),
            Milliseconds = root.GetProperty("Execution Time").GetDouble(),
            Text = text,
        };
    }

    private static IEnumerable<string> Names(IEnumerable<JsonElement> nodes, string property)
        => nodes.Where(node => node.TryGetProperty(property, out _)).Select(node => node.GetProperty(property).GetString()!);

    private static IEnumerable<JsonElement> Nodes(JsonElement node)
        => node.TryGetProperty("Plans", out var below)
            ? below.EnumerateArray().SelectMany(Nodes).Prepend(node)
            : [node];
}
