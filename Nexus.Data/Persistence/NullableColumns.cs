using System.Data.Common;

namespace Nexus.Data.Persistence;

/// <summary>Reads columns that may be NULL.</summary>
internal static class NullableColumns
{
    /// <summary>A text; null for NULL.</summary>
    public static string? TextOrNull(this DbDataReader row, int column)
        => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>A number, time, identifier or truth value; null for NULL.</summary>
    public static T? ValueOrNull<T>(this DbDataReader row, int column)
        where T : struct
        => row.IsDBNull(column) ? null : row.GetFieldValue<T>(column);
}
