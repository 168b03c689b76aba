using Nexus.Data.Persistence;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Whether the schema is that of this version.</summary>
internal sealed class SchemaCheck(DatabaseStatusReader reader, SchemaOwner owner) : IDatabaseCheck
{
    public string Name => "schema";

    public string Purpose => "Compares the migrations of the database with those of this version.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var status = await reader.ReadAsync(cancellationToken);
        return status switch
        {
            { IsMigrating: true } => CheckResult.Skipped("Somebody is migrating it."),
            { Origin: DatabaseOrigin.Empty } =>
                CheckResult.Error(
                    "The database is empty.", owner.IsHost ? owner.Remedy : "Run 'nexus-data init-database'."),
            { Origin: DatabaseOrigin.Foreign } =>
                CheckResult.Error("The database holds tables of another program and none of ours.", "Name the right database."),
            { Unknown.Count: > 0 } => CheckResult.Warning(
                "The schema is of a newer version than this program.", "Update the programs that use it.", status.Unknown),
            { Pending.Count: > 0, Obstacle: { } obstacle } => CheckResult.Error(
                $"The schema is {status.Pending.Count} migrations behind this version, and a migration would be refused.", obstacle, status.Pending),
            { Pending.Count: > 0 } => CheckResult.Error(
                $"The schema is {status.Pending.Count} migrations behind this version.", owner.Remedy, status.Pending),
            { Origin: DatabaseOrigin.Ours } => CheckResult.Ok("The schema is at the newest version."),
            _ => CheckResult.Error("The history of migrations is not there.", owner.Remedy),
        };
    }
}
