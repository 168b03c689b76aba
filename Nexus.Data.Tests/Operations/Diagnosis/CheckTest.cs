using System.Diagnostics;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Operations.Diagnosis;

/// <summary>Checks on a database that is damaged as people and time damage them.</summary>
public abstract class CheckTest : DatabaseTest
{
    /// <summary>As the application's role.</summary>
    private protected Task<CheckResult> RunAsync(IDatabaseCheck check) => RunAsync(check, ConnectionString);

    private protected static async Task<CheckResult> RunAsync(IDatabaseCheck check, string connectionString)
        => (await new Doctor(new Contexts(connectionString), [check]).RunAsync()).Single().Result;

    /// <summary>Runs statements one by one, as an operator does.</summary>
    protected async Task AdministerEachAsync(IEnumerable<string> statements)
    {
        foreach (var statement in statements)
        {
            await AdministerAsync(statement);
        }
    }

    /// <summary>Does something and waits until the server's statistics say so: connections tell what they counted when they
    /// end, and a little later it is there.</summary>
    protected async Task AdministerUntilAsync(string sql, string condition)
    {
        var alone = new NpgsqlConnectionStringBuilder(await AdministratorAsync()) { Pooling = false }.ConnectionString;
        await ExecuteAsync(alone, sql);
        var clock = Stopwatch.StartNew();
        while (!await ExecuteAsync(alone, $"SELECT EXISTS (SELECT FROM {condition})"))
        {
            Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromMinutes(1)), $"Statistics never said: {condition}.");
            await Task.Delay(50);
        }
    }

    /// <summary>What a detail says is to be run: the statements behind the first colon.</summary>
    protected static IEnumerable<string> StatementsOf(string detail)
        => detail[(detail.IndexOf(": ", StringComparison.Ordinal) + 2)..]
            .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static async Task<bool> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() is true;
    }
}
