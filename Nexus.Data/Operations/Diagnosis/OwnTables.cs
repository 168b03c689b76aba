using Microsoft.EntityFrameworkCore;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Which tables are ours, whatever else a database holds.</summary>
internal static class OwnTables
{
    /// <summary>The names of the model's tables, and of its view that keeps rows.</summary>
    public static string[] Of(NexusDbContext db)
        => [.. db.Model.GetEntityTypes().Select(type => type.GetTableName() ?? type.GetViewName()!).Distinct()];
}
