using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Storage;
using Nexus.Data.Persistence;
using Nexus.Data.Persistence.Migrations;

namespace Nexus.Data.Operations;

/// <summary>Brings a database to a version, up or down, and says before what that would do.</summary>
/// <param name="contexts">Makes the contexts.</param>
public sealed class SchemaMigrator(IDbContextFactory<NexusDbContext> contexts)
{
    /// <summary>The word for a database without any migration.</summary>
    public const string Nothing = "nothing";

    /// <summary>Plans the way to a version. Changes nothing.</summary>
    /// <param name="target">A migration's number, name or id, or <see cref="Nothing"/>; null for the newest.</param>
    /// <param name="retireClearKeys">Whether API keys that stand in clear may be kept as hashes alone from then on: programs
    /// that look them up in clear can verify none any more.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="NexusDataException">There is no such migration, and the message lists those there are; or something in
    /// the database is in the way, and the message says what to do.</exception>
    public async Task<MigrationPlan> PlanAsync(
        string? target = null, bool retireClearKeys = false, CancellationToken cancellationToken = default)
    {
        await using var db = await OpenAsync(retireClearKeys, cancellationToken);
        var known = db.Database.GetMigrations().Order(StringComparer.Ordinal).ToList();
        var goal = Find(known, target);
        if (db.GetService<IMigrator>() is NexusMigrator migrator)
        {
            await migrator.ThrowIfObstructedAsync(goal ?? Migration.InitialDatabase, cancellationToken);
        }

        var applied = (await db.Database.GetAppliedMigrationsAsync(cancellationToken)).ToHashSet(StringComparer.Ordinal);
        var wanted = known.TakeWhile(id => string.CompareOrdinal(id, goal ?? "") <= 0).ToList();
        var revert = known.Except(wanted).Where(applied.Contains).Reverse().ToList();
        var losses = revert.Count == 0 ? [] : await LossesAsync(db, revert, cancellationToken);
        return new(goal, [.. wanted.Where(id => !applied.Contains(id))], revert, losses)
        {
            RetiresClearKeys = retireClearKeys,
        };
    }

    /// <summary>Goes where the plan leads. One migrates at a time; the others wait, and do what is left.</summary>
    /// <param name="plan">A plan for this database.</param>
    /// <param name="cancellationToken">Stops between migrations, or gives up the one that is being done.</param>
    public async Task ApplyAsync(MigrationPlan plan, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);

        await using var db = await OpenAsync(plan.RetiresClearKeys, cancellationToken);

        // A step that touches every row of years takes as long as it takes.
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        var isNewest = plan.Target == db.Database.GetMigrations().LastOrDefault();
        var target = isNewest ? null : plan.Target ?? Migration.InitialDatabase;
        await db.Database.MigrateAsync(target, cancellationToken);
    }

    /// <summary>The SQL that brings an empty database, or one of any older version, to the newest.</summary>
    /// <returns>A script that can be run more than once.</returns>
    public string Script()
    {
        using var db = contexts.CreateDbContext();
        return db.GetService<IMigrator>().GenerateScript(options: MigrationsSqlGenerationOptions.Idempotent);
    }

    /// <summary>A migration as people name it: <c>007 AddParentRequestId</c>.</summary>
    /// <param name="id">The migration's id.</param>
    public static string Display(string id)
    {
        ArgumentNullException.ThrowIfNull(id);

        return Number(id) is { } number
            ? string.Create(CultureInfo.InvariantCulture, $"{number:000} {NameOf(id)}")
            : id;
    }

    /// <summary>The number at the end of a migration's timestamp; null for an id of another form.</summary>
    internal static int? Number(string id)
        => id.IndexOf('_', StringComparison.Ordinal) is 14
           && int.TryParse(id.AsSpan(8, 6), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    // The word is a setting of the session, and so the session is kept; the pool resets it afterwards.
    private async Task<NexusDbContext> OpenAsync(bool retireClearKeys, CancellationToken cancellationToken)
    {
        var db = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            // A database that is still to be made holds no keys.
            if (retireClearKeys && await db.Database.CanConnectAsync(cancellationToken))
            {
                await db.Database.OpenConnectionAsync(cancellationToken);
                await db.ExecuteAsync($"SET {MigrationObstacles.RetireClearKeys} = 'on'", [], cancellationToken);
            }

            return db;
        }
        catch
        {
            await db.DisposeAsync();
            throw;
        }
    }

    private static string NameOf(string id) => id[(id.IndexOf('_', StringComparison.Ordinal) + 1)..];

    private static string? Find(List<string> known, string? target)
    {
        if (target is null)
        {
            return known.LastOrDefault();
        }

        if (target.Equals(Nothing, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return (int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? known.Find(id => Number(id) == number)
                : null)
            ?? known.Find(id => id.Equals(target, StringComparison.OrdinalIgnoreCase)
                || NameOf(id).Equals(target, StringComparison.OrdinalIgnoreCase))
            ?? throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"There is no migration '{target}'; there are {string.Join(", ", known.Select(Display))}, "
                + $"and '{Nothing}'.");
    }

    private static async Task<IReadOnlyList<MigrationLoss>> LossesAsync(
        NexusDbContext db, List<string> revert, CancellationToken cancellationToken)
    {
        var assembly = db.GetService<IMigrationsAssembly>();
        var operations = revert
            .SelectMany(id => assembly.CreateMigration(assembly.Migrations[id], db.Database.ProviderName!).DownOperations)
            .ToList();
        var tables = operations.OfType<DropTableOperation>().Select(drop => drop.Name).ToHashSet(StringComparer.Ordinal);
        var columns = operations.OfType<DropColumnOperation>().Where(drop => !tables.Contains(drop.Table))
            .ToLookup(drop => drop.Table, drop => drop.Name, StringComparer.Ordinal);

        var losses = new List<MigrationLoss>();
        foreach (var table in tables.Concat(columns.Select(group => group.Key)))
        {
            losses.AddRange(await LossesOfAsync(db, table, [.. columns[table]], cancellationToken));
        }

        return losses;
    }

    // Counted in one pass over the table, however many of its columns go.
    private static async Task<List<MigrationLoss>> LossesOfAsync(
        NexusDbContext db, string table, string[] dropped, CancellationToken cancellationToken)
    {
        var sql = db.GetService<ISqlGenerationHelper>();
        var there = await db.ReadAsync(
            """
            SELECT a.attname, pg_get_expr(d.adbin, d.adrelid)
            FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = to_regclass(quote_ident(@table)) AND a.attnum > 0 AND NOT a.attisdropped
            """,
            [DbCommands.Text("table", table)],
            async (reader, token) =>
            {
                var defaults = new Dictionary<string, string>(StringComparer.Ordinal);
                while (await reader.ReadAsync(token))
                {
                    defaults[reader.GetString(0)] = reader.IsDBNull(1) ? "NULL" : reader.GetString(1);
                }

                return defaults;
            },
            cancellationToken);
        if (there.Count == 0)
        {
            return [];
        }

        var columns = dropped.Where(there.ContainsKey).ToList();
        var counts = columns.Select(column =>
        {
            var name = sql.DelimitIdentifier(column);
            return $"count(*) FILTER (WHERE {name} IS NOT NULL AND {name} IS DISTINCT FROM ({there[column]}))";
        });
        var from = $"SELECT {string.Join(", ", dropped.Length == 0 ? ["count(*)"] : counts)} "
            + $"FROM {sql.DelimitIdentifier(table)}";
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        return await db.ReadAsync(
            from, [],
            async (reader, token) =>
            {
                await reader.ReadAsync(token);
                return dropped.Length == 0
                    ? [new MigrationLoss(table, null, reader.GetInt64(0))]
                    : columns.Select((column, i) => new MigrationLoss(table, column, reader.GetInt64(i))).ToList();
            },
            cancellationToken);
    }
}
