using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using NpgsqlTypes;

namespace Nexus.Data.Usage;

/// <summary>Looks after the prices by which usage is costed. There are none until the host brings some.</summary>
public sealed class PriceTable
{
    private readonly UnitOfWork _work;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    public PriceTable(IDbContextFactory<NexusDbContext> contexts)
        : this(new UnitOfWork(contexts))
    {
    }

    private PriceTable(UnitOfWork work) => _work = work;

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is bound so.")]
    public PriceTable In(NexusDbContext db) => new(new UnitOfWork(db));

    /// <summary>Brings prices in, all of them or none. A price of the same name and day is replaced.</summary>
    /// <param name="prices">UTF-8, at most 16 MB: CSV whose first line names the columns model, valid_from, input, output,
    /// cache_creation and cache_read, in any order; or a JSON array of objects with these names. Days are written as 2025-09-01;
    /// prices are those of a million tokens, 0 to 999,999,999, with at most six decimals.</param>
    /// <param name="cancellationToken">Stops it; nothing is changed then.</param>
    /// <exception cref="NexusDataException">Lines are wrong (validation); the message gives number and reason of the first
    /// twenty.</exception>
    public async Task<PriceImportReport> ImportAsync(Stream prices, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prices);

        var rows = await PriceFile.ReadAsync(prices, cancellationToken);
        return await _work.DoAsync((db, token) => WriteAsync(db, rows, token), cancellationToken);
    }

    /// <summary>Lists the prices, by name and day.</summary>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<IReadOnlyList<ModelPrice>> ListAsync(CancellationToken cancellationToken = default)
        => _work.ReadAsync<IReadOnlyList<ModelPrice>>(
            async (db, token) => await db.ReadAllAsync(
                $"{UsageStatements.Prices} ORDER BY model COLLATE \"C\", valid_from", [], Read, token),
            cancellationToken);

    /// <summary>Deletes prices: usage of their time falls to the price before, or has none.</summary>
    /// <param name="model">The name as it stands in the table, with its asterisk.</param>
    /// <param name="validFrom">The day of the one price; null for all of the name.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>How many there were.</returns>
    public Task<int> DeleteAsync(string model, DateOnly? validFrom = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return _work.DoAsync(
            (db, token) => db.ExecuteAsync(
                $"DELETE FROM model_prices WHERE model = @model{(validFrom is null ? "" : " AND valid_from = @day")}",
                validFrom is { } day
                    ? [DbCommands.Sought("model", model), DbCommands.Parameter("day", NpgsqlDbType.Date, day)]
                    : [DbCommands.Sought("model", model)],
                token),
            cancellationToken);
    }

    internal static ModelPrice Read(DbDataReader row) => new()
    {
        Model = row.GetString(0),
        ValidFrom = row.GetFieldValue<DateOnly>(1),
        InputPrice = row.GetDecimal(2),
        OutputPrice = row.GetDecimal(3),
        CacheCreationPrice = row.GetDecimal(4),
        CacheReadPrice = row.GetDecimal(5),
    };

    private static async Task<PriceImportReport> WriteAsync(
        NexusDbContext db, IReadOnlyList<ModelPrice> rows, CancellationToken cancellationToken)
    {
        // In order, so that two imports at once do not wait for each other in a circle. A row that is as it was is not written.
        var added = await db.ReadAllAsync(
            """
            INSERT INTO model_prices (model, valid_from, input_price, output_price, cache_creation_price, cache_read_price)
            SELECT * FROM unnest(@models, @days, @inputs, @outputs, @creations, @reads) AS p (model, valid_from, i, o, c, r)
            ORDER BY model COLLATE "C", valid_from
            ON CONFLICT (model, valid_from) DO UPDATE SET
                input_price = excluded.input_price, output_price = excluded.output_price,
                cache_creation_price = excluded.cache_creation_price, cache_read_price = excluded.cache_read_price
            WHERE (model_prices.input_price, model_prices.output_price, model_prices.cache_creation_price,
                   model_prices.cache_read_price)
                IS DISTINCT FROM
                  (excluded.input_price, excluded.output_price, excluded.cache_creation_price, excluded.cache_read_price)
            RETURNING xmax = 0
            """,
            [
                DbCommands.Texts("models", [.. rows.Select(row => row.Model)]),
                DbCommands.Parameter("days", NpgsqlDbType.Array | NpgsqlDbType.Date, rows.Select(row => row.ValidFrom).ToArray()),
                Prices("inputs", row => row.InputPrice), Prices("outputs", row => row.OutputPrice),
                Prices("creations", row => row.CacheCreationPrice), Prices("reads", row => row.CacheReadPrice),
            ],
            row => row.GetBoolean(0), cancellationToken);
        return new(added.Count(isNew => isNew), added.Count(isNew => !isNew), rows.Count - added.Count);

        Npgsql.NpgsqlParameter Prices(string name, Func<ModelPrice, decimal> price)
            => DbCommands.Parameter(name, NpgsqlDbType.Array | NpgsqlDbType.Numeric, rows.Select(price).ToArray());
    }
}
