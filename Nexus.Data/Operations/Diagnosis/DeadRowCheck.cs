using System.Globalization;
using Nexus.Data.Persistence;
using NpgsqlTypes;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>What vacuum and analyze have left undone: rows that nobody sees any more, tables of which the planner knows nothing,
/// and numbers of transactions that run out.</summary>
internal sealed class DeadRowCheck : IDatabaseCheck
{
    // Rows of pg_stats are those of columns that the user may read.
    private const string Tables =
        """
        SELECT s.relname::text, s.n_live_tup, s.n_dead_tup,
               to_char(greatest(s.last_vacuum, s.last_autovacuum) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI" UTC"'),
               s.n_live_tup + s.n_dead_tup >= @many AND has_any_column_privilege(s.relid, 'SELECT') AND NOT EXISTS (
                   SELECT FROM pg_stats p WHERE p.schemaname = s.schemaname AND p.tablename = s.relname),
               current_setting('autovacuum')::boolean AND coalesce(
                   (SELECT option_value::boolean FROM pg_class c, pg_options_to_table(c.reloptions)
                    WHERE c.oid = s.relid AND option_name = 'autovacuum_enabled'), true)
        FROM pg_stat_user_tables s
        WHERE s.schemaname = current_schema() AND s.relname = ANY (@tables)
        ORDER BY 3 DESC, 1
        """;

    // A vacuum holds nothing back. When a session of another's began, none but those who may read all statistics see; its
    // transaction's age is everybody's to see.
    private const string Holders =
        """
        WITH holder AS (
            SELECT format('Session %s%s', a.pid, ' (' || nullif(a.application_name, '') || ')') AS name,
                   greatest(age(a.backend_xmin), age(a.backend_xid)) AS age, a.xact_start AS since,
                   format('SELECT pg_terminate_backend(%s);', a.pid) AS remedy
            FROM pg_stat_activity a
            WHERE a.pid <> pg_backend_pid() AND (a.datname = current_database() OR a.datname IS NULL)
              AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
              AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum v WHERE v.pid = a.pid)
            UNION ALL
            SELECT format('Prepared transaction %s', gid), age(transaction), prepared, format('ROLLBACK PREPARED %L;', gid)
            FROM pg_prepared_xacts WHERE database = current_database()
            UNION ALL
            SELECT format('Replication slot %s', slot_name), age(xmin), NULL,
                   format('SELECT pg_drop_replication_slot(%L);', slot_name)
            FROM pg_replication_slots WHERE xmin IS NOT NULL)
        SELECT name, age, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI" UTC"'), remedy
        FROM holder WHERE age IS NOT NULL AND coalesce(statement_timestamp() - since >= @long, age >= @far)
        ORDER BY age DESC, name LIMIT 5
        """;

    private const string Numbers =
        """
        SELECT age(datfrozenxid)::bigint, current_setting('autovacuum_freeze_max_age')::bigint,
               mxid_age(datminmxid)::bigint, current_setting('autovacuum_multixact_freeze_max_age')::bigint
        FROM pg_database WHERE datname = current_database()
        """;

    // Where the server itself drops everything else to freeze; at 2,147 million it takes no more transactions.
    private const long Critical = 1_600_000_000;

    /// <summary>Dead rows up to which a table is left alone, whatever their part: vacuum is over in a moment.</summary>
    public long FewRows { get; init; } = 20_000;

    /// <summary>The part of a table's rows, from 0 to 1, that may be dead: autovacuum comes at this part by default.</summary>
    public double UsualPart { get; init; } = 0.2;

    /// <summary>How long a transaction may last before it is told: those of services take less.</summary>
    public TimeSpan Long { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many transactions may begin in the meantime, for one of whom the time cannot be seen.</summary>
    public int Far { get; init; } = 10_000;

    /// <summary>How far the age of numbers may be above that at which autovacuum freezes without being asked, as a part of
    /// it: it needs some time to come through.</summary>
    public double FreezePart { get; init; } = 1.1;

    public string Name => "dead-rows";

    public string Purpose
        => "Looks for tables that vacuum or analyze does not get to, what holds it back, and transaction numbers that run out.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var tables = await db.ReadAllAsync(
            Tables, [DbCommands.Texts("tables", OwnTables.Of(db)), DbCommands.Long("many", FewRows)],
            row => new Table(
                row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetString(3),
                row.GetBoolean(4), row.GetBoolean(5)),
            cancellationToken);
        var (transactions, mostTransactions, multis, mostMultis) = (await db.ReadAllAsync(
            Numbers, [], row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), cancellationToken))[0];
        var dead = tables.Where(table => table.Dead > FewRows && table.DeadPart > UsualPart).ToList();
        var blind = tables.Where(table => table.IsBlind).ToList();
        var isOld = transactions > mostTransactions * FreezePart || multis > mostMultis * FreezePart;
        if (dead.Count == 0 && blind.Count == 0 && !isOld)
        {
            return CheckResult.Ok("Vacuum and analyze get to all tables.") with
            {
                Details = [Text($"The oldest transaction number is {transactions:N0} old of {mostTransactions:N0}.")],
            };
        }

        var holders = dead.Count == 0 && !isOld
            ? []
            : await db.ReadAllAsync(
                Holders,
                [DbCommands.Parameter("long", NpgsqlDbType.Interval, Long), DbCommands.Number("far", Far)],
                row => new Holder(
                    row.GetString(0), row.GetInt32(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetString(3)),
                cancellationToken);
        List<string> findings =
        [
            .. dead.Count > 0 ? new[] { Text($"{dead.Count} tables hold {dead.Sum(table => table.Dead):N0} dead rows") } : [],
            .. blind.Count > 0 ? new[] { Text($"{blind.Count} tables were never analyzed, so that plans are guesses") } : [],
            .. isOld
                ? new[]
                {
                    Text($"the oldest transaction number is {transactions:N0} old of {mostTransactions:N0}, the oldest of row locks {multis:N0} of {mostMultis:N0}"),
                }
                : [],
        ];
        List<string> details = [.. holders.Select(Tell), .. dead.Select(Tell), .. blind.Except(dead).Select(Tell)];
        if (isOld)
        {
            details.Add("This database has old transaction numbers: VACUUM (FREEZE); as its owner or a superuser.");
        }

        var remedy = holders.Count > 0
            ? "First end what holds vacuum back, when you know what it is, then run the statements of the details as the owner of the tables."
            : "Run the statements of the details as the owner of the tables, and see why autovacuum does not get to it: it is off, or too slow (autovacuum_vacuum_cost_limit).";
        var finding = $"{string.Join("; ", findings)}{(holders.Count > 0 ? $"; {holders.Count} hold vacuum back" : "")}.";
        finding = char.ToUpperInvariant(finding[0]) + finding[1..];
        return Math.Max(transactions, multis) > Critical
            ? CheckResult.Error(finding, remedy, details)
            : CheckResult.Warning(finding, remedy, details);
    }

    private static string Tell(Holder holder)
        => Text($"{holder.Name} holds vacuum back since {holder.Since ?? "an unknown time"}, {holder.Age:N0} transactions: {holder.Remedy}");

    private static string Tell(Table table)
    {
        var rows = table.Dead > 0 ? Text($"{table.Dead:N0} dead rows beside {table.Live:N0}") : Text($"{table.Live:N0} rows");
        var blind = table.IsBlind ? ", never analyzed" : "";
        var off = table.IsVacuumed ? "" : ", autovacuum is off";
        return $"{table.Name}: {rows}, last vacuum {table.LastVacuum ?? "unknown"}{blind}{off}: VACUUM (ANALYZE) {table.Name};";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Table(string Name, long Live, long Dead, string? LastVacuum, bool IsBlind, bool IsVacuumed)
    {
        public double DeadPart => Dead / (double)Math.Max(1, Live + Dead);
    }

    private sealed record Holder(string Name, int Age, string? Since, string Remedy);
}
