using System.Text.RegularExpressions;
using Npgsql;

namespace Nexus.Data.Tests.Migrations.Adoption;

/// <summary>
/// A database as the original program leaves it: made by its scripts or by its bootstrap file, with the scripts that were
/// run afterwards. The SQL is written out in the folder Original; nothing of it comes from our migrations.
/// </summary>
/// <param name="Name">What the status calls it.</param>
/// <param name="Scripts">The scripts that did not fail, in their order.</param>
/// <param name="IsBootstrapped">Whether the bootstrap file came before them.</param>
public sealed partial record StartingPoint(string Name, int[] Scripts, bool IsBootstrapped = false)
{
    private const int TrainIdMigration = 12;
    private const int SubtaskTracking = 3;

    /// <summary>A database at each of the sequence's levels.</summary>
    public static IReadOnlyList<StartingPoint> Levels { get; } =
        [.. Enumerable.Range(0, 15).Select(level => new StartingPoint($"{level:000}", [.. Enumerable.Range(0, level + 1)]))];

    /// <summary>
    /// What the scripts leave as they are: 002 and 012 always fail, 003 where there are rows. What needs the columns of 003
    /// fails then too, be it one index or the script.
    /// </summary>
    public static IReadOnlyList<StartingPoint> AsItRuns { get; } =
    [
        Without("006 without 002", 2),
        Without("014 without 002, 012", 2, 12),
        Without("014 without 002, 003, 012", 2, 3, 12),
        Without("014 without 002, 003, 004, 008, 012", 2, 3, 4, 8, 12),
    ];

    /// <summary>What the bootstrap file makes, alone and with scripts that were run on it.</summary>
    public static IReadOnlyList<StartingPoint> Bootstrapped { get; } =
    [
        new("bootstrap file", [], true),
        new("bootstrap file with 013", [13], true),
        new("bootstrap file with 013, 014", [13, 14], true),
        new("bootstrap file with 001, 003, 009, 010, 013, 014", [1, 3, 4, 6, 9, 10, 13, 14], true),
    ];

    public static IEnumerable<StartingPoint> All => [.. Levels, .. AsItRuns, .. Bootstrapped];

    /// <summary>The newest level that is there in part at least.</summary>
    public int Level => Scripts.DefaultIfEmpty(11).Max();

    public bool HasConversations => IsBootstrapped || Has(1);

    /// <summary>The name of the train's column.</summary>
    public string Train => IsBootstrapped || Has(TrainIdMigration) ? "train_id" : "domain";

    public bool Has(int script) => Scripts.Contains(script) || (IsBootstrapped && script < 13);

    public async Task MakeAsync(NpgsqlConnection connection)
    {
        if (IsBootstrapped)
        {
            await ExecuteAsync(connection, await ReadAsync("Original/bootstrap.sql"));
        }

        foreach (var script in Scripts)
        {
            await RunAsync(connection, script);
        }
    }

    /// <summary>Runs one script, without what fails where 003 has failed.</summary>
    public async Task RunAsync(NpgsqlConnection connection, int script)
    {
        var sql = await ReadAsync($"Original/{script:000}.sql");
        await ExecuteAsync(connection, Has(SubtaskTracking) ? sql : IndexOfSubtasks().Replace(sql, ""));
    }

    public override string ToString() => Name;

    /// <summary>The text of a file of this folder.</summary>
    internal static Task<string> ReadAsync(string name) => File.ReadAllTextAsync(
        Path.Combine(TestContext.CurrentContext.TestDirectory, "Migrations", "Adoption", name));

    internal static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static StartingPoint Without(string name, params int[] failed)
        => new(name, [.. Enumerable.Range(0, int.Parse(name[..3], null) + 1).Except(failed)]);

    [GeneratedRegex(@"^CREATE INDEX[^;]*\bis_subtask\b[^;]*;", RegexOptions.Multiline)]
    private static partial Regex IndexOfSubtasks();
}
