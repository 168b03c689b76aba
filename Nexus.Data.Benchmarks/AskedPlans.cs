using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>The plans of a service's statements as the server ran them, by auto_explain.</summary>
internal sealed class AskedPlans : IAsyncDisposable
{
    private readonly List<string> _texts = [];
    private readonly NexusDbContext _db;

    private AskedPlans(NexusDbContext db) => _db = db;

    public static async Task<AskedPlans> OpenAsync(string connection)
    {
        var plans = new AskedPlans(new BenchDatabase.Contexts(connection).CreateDbContext());
        await plans._db.Database.OpenConnectionAsync();
        await plans._db.Database.ExecuteSqlRawAsync(
            """
            LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on;
            SET auto_explain.log_buffers = on; SET auto_explain.log_format = json; SET auto_explain.log_level = 'notice'
            """);
        ((NpgsqlConnection)plans._db.Database.GetDbConnection()).Notice +=
            (_, notice) => plans._texts.Add(notice.Notice.MessageText);
        return plans;
    }

    /// <summary>Pages of tables and indexes that the server looked at for what is done in the context, in its cache or
    /// not.</summary>
    public async Task<long> BuffersAsync(Func<NexusDbContext, Task> work)
    {
        _texts.Clear();
        await work(_db);

        // The server tells of a statement when the next one takes its portal.
        await _db.Database.ExecuteSqlRawAsync("SELECT 1");
        return _texts.Where(text => text.Contains('{', StringComparison.Ordinal))
            .Select(text => JsonDocument.Parse(text[text.IndexOf('{', StringComparison.Ordinal)..]).RootElement)
            .Where(plan => plan.GetProperty("Query Text").GetString()?.Trim() != "SELECT 1")
            .Select(plan => plan.GetProperty("Plan"))
            .Sum(plan => Blocks(plan, "Hit") + Blocks(plan, "Read"));
    }

    public ValueTask DisposeAsync() => _db.DisposeAsync();

    private static long Blocks(JsonElement plan, string kind) => plan.GetProperty($"Shared {kind} Blocks").GetInt64();
}
