namespace Nexus.Data.Persistence;

/// <summary>Which trains a table has rows of, by as many probes of an index that begins with the train.</summary>
internal static class DistinctTrains
{
    /// <summary>A query in parentheses with the one column <c>id</c>.</summary>
    public static string In(string table)
        => $"""
        (WITH RECURSIVE train (id) AS (
            (SELECT train_id FROM {table} ORDER BY train_id LIMIT 1)
            UNION ALL
            SELECT (SELECT r.train_id FROM {table} r WHERE r.train_id > train.id ORDER BY r.train_id LIMIT 1)
            FROM train WHERE train.id IS NOT NULL)
        SELECT id FROM train WHERE id IS NOT NULL)
        """;
}
