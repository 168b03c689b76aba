using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Nexus.Data.Persistence;
using Nexus.Data.Persistence.Migrations;

namespace Nexus.Data.Operations;

/// <summary>What was found by comparing a database with the migrations.</summary>
internal sealed record SchemaSurvey
{
    /// <summary>Whose it is, where that can be told better than by the tables' names alone.</summary>
    public DatabaseOrigin? Origin { get; init; }

    public OriginalSchema? Original { get; init; }

    public IReadOnlyList<MigrationForecast> Forecast { get; init; } = [];

    public IReadOnlyList<string> Kept { get; init; } = [];

    public string? Obstacle { get; init; }
}

/// <summary>Compares a database with the migrations. Reads the catalog; of tables at most as many rows as tell a small one.</summary>
internal static class SchemaSurveyor
{
    private const string Repair = "RepairAndTrim";

    public static async Task<SchemaSurvey> SurveyAsync(
        NexusDbContext db, DatabaseOrigin origin, IReadOnlyList<string> pending, IReadOnlyList<TableStatus> sizes,
        CancellationToken cancellationToken)
    {
        var assembly = db.GetService<IMigrationsAssembly>();
        var provider = db.GetService<IDatabaseProvider>().Name;
        var migrations = assembly.Migrations.ToDictionary(
            pair => pair.Key, pair => assembly.CreateMigration(pair.Value, provider), StringComparer.Ordinal);
        var steps = SchemaSteps.Of(migrations.OrderBy(pair => pair.Key, StringComparer.Ordinal));
        var there = (await db.ReadAsync(SchemaObject.All, [], ReadObjectsAsync, cancellationToken)).ToHashSet();
        var obstacle = await ObstacleAsync(db, cancellationToken);
        var kept = Kept(steps, there);
        if (origin == DatabaseOrigin.Foreign)
        {
            return new() { Obstacle = obstacle, Kept = kept };
        }

        var original = origin == DatabaseOrigin.Original
            ? Judge(steps, migrations.Keys, there)
            : (Origin: origin, Schema: null);
        return new()
        {
            Origin = original.Origin,
            Original = original.Schema,
            Forecast = await ForecastAsync(db, steps, migrations, pending, there, sizes, cancellationToken),
            Kept = kept,
            Obstacle = obstacle,
        };
    }

    private static (DatabaseOrigin Origin, OriginalSchema? Schema) Judge(
        SchemaSteps steps, IReadOnlyCollection<string> known, HashSet<SchemaObject> there)
        => known.Where(id => SchemaMigrator.Number(id) > OriginalSequence.LastStep).SelectMany(steps.OwnOf)
            .Any(thing => thing.Kind == SchemaObject.TableKind && there.Contains(thing))
            ? (DatabaseOrigin.OursWithoutHistory, null)
            : (OriginalSequence.IsBootstrapped(there) ? DatabaseOrigin.Bootstrap : DatabaseOrigin.Original,
                OriginalSequence.Recognise(steps, known, there));

    // Columns, constraints and indexes of a table that is not ours go without saying.
    private static List<string> Kept(SchemaSteps steps, HashSet<SchemaObject> there)
        => [.. there.Where(thing => thing.Kind != SchemaObject.ConstraintKind && !steps.IsKnown(thing)
                && !OriginalSequence.IsOfBootstrap(thing)
                && (thing.Kind is SchemaObject.TableKind or SchemaObject.ViewKind
                    || steps.IsKnown(new(SchemaObject.TableKind, thing.Table, thing.Table))))
            .Select(thing => thing.ToString()).Order(StringComparer.Ordinal)];

    private static async Task<IReadOnlyList<MigrationForecast>> ForecastAsync(
        NexusDbContext db, SchemaSteps steps, Dictionary<string, Migration> migrations, IReadOnlyList<string> pending,
        HashSet<SchemaObject> there, IReadOnlyList<TableStatus> sizes, CancellationToken cancellationToken)
    {
        var large = await LargeTablesAsync(db, there, cancellationToken);
        if (large is null)
        {
            return [];
        }

        var forecasts = new List<MigrationForecast>();
        foreach (var id in pending)
        {
            var missing = steps.MissingOf(id, there).ToList();
            var leftOut = missing.Where(part => part.IsLeftOut && large.Contains(part.Object.Table)).ToList();
            var drops = steps.DroppedBy(id, there)
                .Concat(id.EndsWith(Repair, StringComparison.Ordinal) ? there.Where(OriginalSequence.IsOfBootstrap) : []);
            var forecast = new MigrationForecast(
                id, Texts(missing.Where(part => !part.IsDropped).Select(part => part.Object)),
                [.. steps.RenamedBy(id, there).Select(renamed => $"{renamed.Object} to {renamed.NewName}")], Texts(drops),
                Texts(leftOut.Select(part => part.Object)),
                await RowsAsync(db, migrations[id], sizes, cancellationToken));
            if (!forecast.IsEmpty)
            {
                forecasts.Add(forecast);
            }
        }

        return forecasts;
    }

    private static List<string> Texts(IEnumerable<SchemaObject> things)
        => [.. things.Select(thing => thing.ToString()).Order(StringComparer.Ordinal)];

    // The same question as the migrations ask before they build an index that goes again.
    private static async Task<HashSet<string>?> LargeTablesAsync(
        NexusDbContext db, HashSet<SchemaObject> there, CancellationToken cancellationToken)
    {
        const string table = "api_requests";
        if (!there.Contains(new(SchemaObject.TableKind, table, table)))
        {
            return [];
        }

        return await db.ReadWithoutWaitingAsync(
            $"SELECT {NexusMigrationsSqlGenerator.IsSmall(table)}",
            async (reader, token) =>
            {
                await reader.ReadAsync(token);
                return reader.GetBoolean(0) ? [] : new HashSet<string>(StringComparer.Ordinal) { table };
            },
            cancellationToken);
    }

    private static async Task<IReadOnlyList<RowForecast>> RowsAsync(
        NexusDbContext db, Migration migration, IReadOnlyList<TableStatus> sizes, CancellationToken cancellationToken)
    {
        var rows = new List<RowForecast>();
        foreach (var change in migration.UpOperations
            .Select(operation => operation[NexusMigrationsSqlGenerator.ChangesRows]).OfType<RowChange>())
        {
            // A table that is not there yet, or has no rows, has none to change.
            var count = sizes.FirstOrDefault(size => size.Name == change.Table)?.Rows ?? 0;
            if (count > 0 && await HoldsAsync(db, change.Condition, cancellationToken))
            {
                rows.Add(new(change.Table, change.What, count));
            }
        }

        return rows;
    }

    private static async Task<bool> HoldsAsync(NexusDbContext db, string? condition, CancellationToken cancellationToken)
        => condition is null || await db.ReadAsync(
            $"SELECT {condition}", [],
            async (reader, token) => await reader.ReadAsync(token) && reader.GetBoolean(0), cancellationToken);

    private static async Task<string?> ObstacleAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        if (db.GetService<IMigrator>() is not NexusMigrator migrator)
        {
            return null;
        }

        try
        {
            await db.WithoutWaitingAsync(
                async () =>
                {
                    await migrator.ThrowIfObstructedAsync(null, cancellationToken);
                    return "";
                },
                cancellationToken);
            return null;
        }
        catch (NexusDataException obstacle)
            when (obstacle.Kind is NexusDataErrorKind.Conflict or NexusDataErrorKind.Forbidden)
        {
            return obstacle.Message;
        }
    }

    private static async Task<List<SchemaObject>> ReadObjectsAsync(
        DbDataReader reader, CancellationToken cancellationToken)
    {
        var objects = new List<SchemaObject>();
        while (await reader.ReadAsync(cancellationToken))
        {
            objects.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        }

        return objects;
    }
}
