using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Nexus.Data.Persistence;

/// <summary>Names columns as PostgreSQL's users do: <c>request_id</c> for <c>RequestId</c>.</summary>
internal static partial class PostgresNames
{
    public static string ToSnakeCase(string name) => WordStart().Replace(name, "_").ToLowerInvariant();

    // A pass over our own entity types and no convention of the context's, so that a host's own context has it too.
    public static void Apply(IMutableEntityType entity)
    {
        foreach (var property in entity.GetDeclaredProperties())
        {
            property.SetColumnName(ToSnakeCase(property.Name));
        }
    }

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")]
    private static partial Regex WordStart();
}
