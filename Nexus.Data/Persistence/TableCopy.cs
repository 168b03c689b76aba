using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;

namespace Nexus.Data.Persistence;

/// <summary>
/// Inserts what a context has been told to add by COPY, as <c>SaveChanges</c> would by INSERT: with the converters and the
/// defaults of the model.
/// </summary>
internal static class TableCopy
{
    /// <summary>Below this, an INSERT that is prepared costs less.</summary>
    private const int FewestRows = 8;

    /// <summary>Inserts the added rows of a type, which are unchanged then. The rest is left to <c>SaveChanges</c>.</summary>
    /// <returns>The rows that were inserted: none where they are too few to be worth it.</returns>
    public static async Task<int> InsertAddedAsync<T>(this DbContext db, CancellationToken cancellationToken)
        where T : class
    {
        var entries = db.ChangeTracker.Entries<T>().Where(entry => entry.State == EntityState.Added).ToList();
        if (entries.Count < FewestRows)
        {
            return 0;
        }

        await db.Database.OpenConnectionAsync(cancellationToken);
        try
        {
            await db.InsertByCopyAsync([.. entries.Select(entry => entry.Entity)], [], cancellationToken);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }

        entries.ForEach(entry => entry.State = EntityState.Unchanged);
        return entries.Count;
    }

    /// <summary>Inserts rows that no context knows of, on a connection that is open.</summary>
    /// <param name="db">The context, which does not track them.</param>
    /// <param name="rows">The rows, in the order in which they are written.</param>
    /// <param name="given">The properties that the rows have values for, though the server would compute them.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static async Task InsertByCopyAsync<T>(
        this DbContext db, IReadOnlyList<T> rows, string[] given, CancellationToken cancellationToken)
        where T : class
    {
        var entity = db.Model.FindEntityType(typeof(T))!;
        var table = StoreObjectIdentifier.Create(entity, StoreObjectType.Table)!.Value;
        var columns = Columns(entity, table, given);
        var names = string.Join(", ", columns.Select(column => $"\"{column.Name}\""));
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        await using var import = await connection.BeginBinaryImportAsync(
            $"COPY \"{table.Name}\" ({names}) FROM STDIN (FORMAT binary)", cancellationToken);

        // Npgsql takes 0 for no time here, and for no limit elsewhere.
        import.Timeout = (db.Database.GetCommandTimeout() ?? 30) is var limit and > 0 ? TimeSpan.FromSeconds(limit) : Timeout.InfiniteTimeSpan;
        foreach (var row in rows)
        {
            await import.StartRowAsync(cancellationToken);
            foreach (var column in columns)
            {
                if (column.ValueOf(row) is { } value)
                {
                    await import.WriteAsync(value, column.Type, cancellationToken);
                }
                else
                {
                    await import.WriteNullAsync(cancellationToken);
                }
            }
        }

        await import.CompleteAsync(cancellationToken);
    }

    // What the server computes by itself is left to it, unless it is given.
    private static List<Column> Columns(IEntityType entity, StoreObjectIdentifier table, string[] given)
        => [.. entity.GetProperties()
            .Where(property => given.Contains(property.Name) || (property.GetDefaultValueSql() is null && !IsSerial(property)))
            .Select(property => new Column(property, table))];

    private static bool IsSerial(IProperty property)
        => property.ValueGenerated == ValueGenerated.OnAdd && property.IsPrimaryKey() && property.ClrType == typeof(int);

    private sealed class Column(IProperty property, StoreObjectIdentifier table)
    {
        private readonly IClrPropertyGetter _getter = property.GetGetter();
        private readonly object? _default = property.GetDefaultValue();

        public string Name { get; } = property.GetColumnName(table)!;

        // Without its length, which COPY does not want.
        public string Type { get; } = property.GetColumnType(table).Split('(')[0];

        // Bodies go out as the bytes that they are, which their converter would decode for Npgsql to encode again.
        public object? ValueOf(object row)
            => (_getter.GetClrValue(row) ?? _default) switch
            {
                null => null,
                byte[] bytes => bytes,
                DateTimeOffset time => time.UtcDateTime,
                { } value => property.GetTypeMapping().Converter?.ConvertToProvider(value) ?? value,
            };
    }
}
