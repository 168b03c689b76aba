using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Credentials;

/// <summary>Gives stored secrets the current key, and takes what was in clear out of the tables' files.</summary>
/// <param name="contexts">Makes the contexts.</param>
/// <param name="protector">Knows the keys.</param>
public sealed class SecretRotation(IDbContextFactory<NexusDbContext> contexts, ICredentialProtector protector)
{
    private const string Statistics = "pg_statistic";
    private const string RewriteTables = "VACUUM (FULL, ANALYZE) ";

    // Writers of other databases of the server count: the rewriting, like any snapshot, reckons from the oldest that is open.
    private const string SeesOlder =
        """
        SELECT pg_snapshot_xmin(pg_current_snapshot()) < @now::xid8
            OR EXISTS (
                SELECT FROM pg_stat_activity
                WHERE coalesce(datname, current_database()) = current_database() AND pid <> pg_backend_pid()
                  AND age(backend_xmin) > age(@now::xid8::xid))
            OR EXISTS (
                SELECT FROM pg_replication_slots WHERE greatest(age(xmin), age(catalog_xmin)) > age(@now::xid8::xid))
        """;

    private const string RewriteStatistics = "VACUUM (FULL) pg_catalog.pg_statistic";

    // Owner of the table or of the database; from 17 on there is a right for it too.
    private const string MayRewrite =
        """
        SELECT c.relname::text,
               pg_has_role(c.relowner, 'USAGE')
               OR pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE')
               OR CASE WHEN current_setting('server_version_num')::int >= 170000
                       THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE false END
        FROM pg_class c
        WHERE c.oid IN (to_regclass('anthropic_credentials'), to_regclass('trains'), 'pg_catalog.pg_statistic'::regclass)
        ORDER BY c.relname
        """;

    private const string DeadRows =
        "SELECT n_dead_tup FROM pg_stat_all_tables WHERE relid = to_regclass(@table) AND last_analyze >= @start";

    private static readonly TimeSpan _ownCounts = TimeSpan.FromSeconds(1.1);
    private static readonly TimeSpan _statisticsPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _lockPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _visionPause = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a purge waits for those who use a table, and they for it. Several times.</summary>
    internal TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a purge waits, for each table, until transactions that see old versions have ended.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Protects by the current key what is in clear or under another key, in batches. Others read and write meanwhile; what was
    /// done before it was stopped stays done, and the next run does the rest.
    /// </summary>
    /// <param name="options">How; null for the usual.</param>
    /// <param name="progress">Told after each batch; null for nobody.</param>
    /// <param name="cancellationToken">Stops after a batch.</param>
    /// <exception cref="NexusDataException">There is something to protect and no key to do it with (validation), or the database
    /// cannot be had (unavailable).</exception>
    public async Task<ReprotectReport> ReprotectAsync(
        ReprotectOptions? options = null, IProgress<ReprotectProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new();
        var work = new UnitOfWork(contexts);
        var tally = new SecretTally(protector);
        var rewritten = 0L;
        foreach (var table in SecretTable.All)
        {
            for (var after = default(Guid?); ;)
            {
                var last = after ?? Guid.Empty;
                var rows = await work.ReadAsync(
                    (db, token) => db.ReadAllAsync(
                        table.Page, [DbCommands.Uuid("after", last), DbCommands.Number("count", options.BatchSize)], table.Read,
                        token),
                    cancellationToken);
                var old = rows.Where(row => tally.Add(table, row)).Select(row => row.Id).ToArray();
                if (old.Length > 0 && !options.DryRun)
                {
                    rewritten += await work.DoAsync((db, token) => RenewAsync(db, table, old, tally, token), cancellationToken);
                }

                progress?.Report(new(table.Name, tally.Secrets, rewritten));
                if (rows.Count < options.BatchSize)
                {
                    break;
                }

                after = rows[^1].Id;
                await Task.Delay(options.Pause, cancellationToken);
            }
        }

        return new(tally.Secrets, tally.InClear, tally.OtherKeys, rewritten, tally.Unreadable);
    }

    /// <summary>
    /// Rewrites the tables, so that old versions of rows with secrets in clear are in their files no more, and neither in the
    /// planner's statistics. Nobody can use the tables for that moment. Write-ahead log, backups and standbys keep what they
    /// have: only new tokens make it worthless.
    /// </summary>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<PurgeReport> PurgeAsync(CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        await db.Database.OpenConnectionAsync(cancellationToken);
        var tables = await db.ReadAllAsync(
            MayRewrite, [], row => (Name: row.GetString(0), IsOurs: row.GetBoolean(1)), cancellationToken);
        await db.ExecuteAsync(
            string.Create(CultureInfo.InvariantCulture, $"SET lock_timeout = {(long)LockTimeout.TotalMilliseconds}"), [],
            cancellationToken);
        var (purged, busy, kept) = (new List<string>(), new List<string>(), 0L);

        // What this very connection has changed is counted a second later, and would be taken off what the analysis counts.
        await Task.Delay(_ownCounts, cancellationToken);

        // The statistics last, for the analysis of the tables leaves old versions there.
        foreach (var (name, _) in tables.Where(table => table.IsOurs).OrderBy(table => table.Name == Statistics))
        {
            var start = await db.ReadAllAsync(
                "SELECT clock_timestamp()", [], row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken);

            // Old versions that are copied along are counted in the tables, and by nobody in the statistics.
            var isSeen = !await IsSeenByNobodyAsync(db, cancellationToken);
            var rewrite = name == Statistics ? RewriteStatistics : RewriteTables + name;
            if ((isSeen && name == Statistics) || !await RewriteAsync(db, rewrite, cancellationToken))
            {
                busy.Add(name);
                continue;
            }

            purged.Add(name);
            if (name != Statistics)
            {
                if (await KeptAsync(db, name, start[0], cancellationToken) is { } rows)
                {
                    kept += rows;
                }
                else
                {
                    busy.Add(name);
                }
            }
        }

        var skipped = tables.Where(table => !table.IsOurs).Select(table => table.Name).ToList();
        return new(purged, [.. skipped, .. busy], kept, Remedy(skipped, busy, kept));
    }

    private static async Task<long> RenewAsync(
        NexusDbContext db, SecretTable table, Guid[] ids, SecretTally tally, CancellationToken cancellationToken)
    {
        var held = await db.ReadAllAsync(table.Hold, [DbCommands.Uuids("ids", ids)], table.Read, cancellationToken);
        var rewritten = 0L;
        var renewed = new List<NewSecrets>();
        foreach (var row in held)
        {
            if (tally.Renew(table, row, ref rewritten) is { } secrets)
            {
                renewed.Add(secrets);
            }
        }

        if (renewed.Count > 0)
        {
            await db.ExecuteAsync(table.Write, table.Parameters(renewed), cancellationToken);
        }

        return rewritten;
    }

    // Waiting makes all others wait behind it, so it waits little and often. False where others use the table all the time.
    private static async Task<bool> RewriteAsync(NexusDbContext db, string sql, CancellationToken cancellationToken)
    {
        const int tries = 10;
        for (var number = 1; number <= tries; number++)
        {
            try
            {
                await db.ExecuteAsync(sql, [], cancellationToken);
                return true;
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                await Task.Delay(_lockPause, cancellationToken);
            }
        }

        return false;
    }

    // Whether all transactions that still see what was there before have ended, which most do in a moment: old versions that
    // somebody sees would be copied along.
    private async Task<bool> IsSeenByNobodyAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var tries = Patience / _visionPause;
        var now = (await db.ReadAllAsync("SELECT pg_current_xact_id()::text", [], row => row.GetString(0), cancellationToken))[0];
        for (var number = 1; number <= tries; number++)
        {
            var isSeen = await db.ReadAllAsync(
                SeesOlder, [DbCommands.Text("now", now)], row => row.GetBoolean(0), cancellationToken);
            if (!isSeen[0])
            {
                return true;
            }

            await Task.Delay(_visionPause, cancellationToken);
        }

        return false;
    }

    // What the analysis saw of versions that are dead and could not go. Before version 15 it is told a moment later; null where
    // the server tells nothing.
    private static async Task<long?> KeptAsync(
        NexusDbContext db, string table, DateTimeOffset start, CancellationToken cancellationToken)
    {
        const int tries = 20;
        for (var number = 1; number <= tries; number++)
        {
            var dead = await db.ReadAllAsync(
                DeadRows, [DbCommands.Text("table", table), DbCommands.Time("start", start)], row => row.GetInt64(0),
                cancellationToken);
            if (dead.Count > 0)
            {
                return dead[0];
            }

            await Task.Delay(_statisticsPause, cancellationToken);
        }

        return null;
    }

    private static string? Remedy(List<string> skipped, List<string> busy, long kept)
    {
        var ours = skipped.Where(table => table != Statistics).ToList();
        return ours.Count > 0
            ? $"Run {RewriteTables.Trim()} {string.Join(", ", ours)} as the owner of the tables, and {RewriteStatistics} as "
              + "the owner of the database."
            : skipped.Count > 0
                ? $"Run {RewriteStatistics} as the owner of the database: old statistics hold pieces of the values."
            : busy.Count > 0
                ? $"Run it again when {string.Join(", ", busy)} can be had: others use it all the time, transactions that are open "
                  + "(of any database of the server) still see old versions, or the server counts no rows."
            : kept > 0
                ? "Run it again once the transactions that are open now have ended: they still see old versions of rows."
            : null;
    }
}
