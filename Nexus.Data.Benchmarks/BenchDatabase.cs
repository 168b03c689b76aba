using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Embedded;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using Nexus.Data.Seeding.Traffic;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Benchmarks;

/// <summary>Databases with requests in them, on a server of their own with PostgreSQL's default durability.</summary>
internal static class BenchDatabase
{
    private static readonly Column[] _columns =
    [
        new("request_id", NpgsqlDbType.Uuid, request => request.RequestId),
        new("train_id", NpgsqlDbType.Text, request => request.TrainId),
        new("\"timestamp\"", NpgsqlDbType.TimestampTz, request => request.Timestamp.UtcDateTime),
        new("method", NpgsqlDbType.Text, request => request.Method),
        new("path", NpgsqlDbType.Text, request => request.Path),
        new("headers", NpgsqlDbType.Jsonb, _ => "{}"),
        new("model", NpgsqlDbType.Text, request => request.Model),
        new("request_type", NpgsqlDbType.Text, request => request.RequestType),
        new("response_status", NpgsqlDbType.Integer, request => request.ResponseStatus),
        new("completed_at", NpgsqlDbType.TimestampTz, request => request.CompletedAt?.UtcDateTime),
        new("error", NpgsqlDbType.Text, request => request.Error),
        new("body", NpgsqlDbType.Jsonb, request => request.Body),
        new("response_body", NpgsqlDbType.Jsonb, request => request.ResponseBody),
    ];

    private static readonly Column[] _ownColumns =
    [
        new("body_original", NpgsqlDbType.Bytea, request => request.BodyOriginal),
        new("response_body_original", NpgsqlDbType.Bytea, request => request.ResponseBodyOriginal),
        new("is_altered", NpgsqlDbType.Boolean, request => request.IsAltered),
    ];

    public static Task<EmbeddedPostgres> StartServerAsync() => EmbeddedPostgres.StartAsync(new()
    {
        ThrowAway = true,
        Settings = new Dictionary<string, string>
        {
            ["shared_buffers"] = "2GB",
            ["fsync"] = "on",
            ["synchronous_commit"] = "on",
            ["full_page_writes"] = "on",
            ["max_wal_size"] = "8GB",
        },
    });

    /// <summary>The same database without a pool, so that nobody is connected between the commands and a copy can be
    /// made.</summary>
    public static string Unpooled(string connection)
        => new NpgsqlConnectionStringBuilder(connection) { Pooling = false }.ConnectionString;

    /// <summary>Makes our tables, to a migration or to the newest.</summary>
    public static async Task MigrateAsync(string connection, string? to = null)
    {
        await using var db = new Contexts(connection).CreateDbContext();
        await db.Database.MigrateAsync(to);
    }

    /// <summary>Stores requests by COPY, without their links; on request in the columns alone that the original has.</summary>
    public static Task FillAsync(string connection, TrafficOptions traffic, int count, bool isOriginal = false)
        => CopyAsync(
            connection, new RequestTraffic(traffic).Generate(count).Select(item => item.ToRequest()),
            isOriginal ? _columns : [.. _columns, .. _ownColumns]);

    /// <summary>Stores requests by COPY, with more of them than their bodies and times.</summary>
    public static Task FillAsync(string connection, IEnumerable<ApiRequest> requests, params Column[] more)
        => CopyAsync(connection, requests, [.. _columns, .. _ownColumns, .. more]);

    public static async Task<NpgsqlConnection> OpenAsync(string connection)
    {
        var npgsql = new NpgsqlConnection(connection);
        await npgsql.OpenAsync();
        return npgsql;
    }

    public static async Task ExecuteAsync(string connection, string sql)
    {
        await using var npgsql = await OpenAsync(connection);
        await ExecuteAsync(npgsql, sql);
    }

    /// <summary>Statements one by one: VACUUM runs in no transaction.</summary>
    public static async Task ExecuteAsync(NpgsqlConnection npgsql, string sql)
    {
        foreach (var statement in sql.Split(
                     ';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            await using var command = new NpgsqlCommand(statement, npgsql) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync();
        }
    }

    public static async Task<List<string>> TextsAsync(string connection, string sql)
    {
        await using var npgsql = await OpenAsync(connection);
        await using var command = new NpgsqlCommand(sql, npgsql) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync();
        var texts = new List<string>();
        while (await reader.ReadAsync())
        {
            texts.Add(reader.GetString(0));
        }

        return texts;
    }

    /// <summary>Rows as the bytes of a binary COPY out of the database.</summary>
    public static async Task<byte[]> TakeAsync(string connection, string copy)
    {
        await using var npgsql = await OpenAsync(connection);
        await using var rows = await npgsql.BeginRawBinaryCopyAsync(copy);
        using var bytes = new MemoryStream();
        await rows.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    /// <summary>Puts such bytes in, in one transaction.</summary>
    public static async Task PutAsync(string connection, IEnumerable<(string Copy, byte[] Rows)> tables)
    {
        await using var npgsql = await OpenAsync(connection);
        await using var transaction = await npgsql.BeginTransactionAsync();
        foreach (var (copy, rows) in tables)
        {
            await using var import = await npgsql.BeginRawBinaryCopyAsync(copy);
            await import.WriteAsync(rows);
        }

        await transaction.CommitAsync();
    }

    /// <summary>Copies a database, and gives its table of requests the indexes that migration 014 leaves in place of
    /// ours.</summary>
    public static async Task<string> CopyWithIndexesOf014Async(EmbeddedPostgres server, string source)
    {
        var model = await server.CreateDatabaseAsync("indexes_of_014");
        await MigrateAsync(Unpooled(model), "20250101000014_TrainMembers");
        var theirs = await DropIndexesAsync(model);
        var name = new NpgsqlConnectionStringBuilder(source).Database;
        await ExecuteAsync(server.ConnectionString, $"CREATE DATABASE theirs TEMPLATE {name}");
        var connection = server.ConnectionStringFor("theirs");
        await DropIndexesAsync(connection);
        foreach (var index in theirs)
        {
            await ExecuteAsync(connection, index);
        }

        await ExecuteAsync(connection, "VACUUM ANALYZE api_requests; CHECKPOINT");
        return connection;
    }

    /// <summary>Drops the indexes of the table of requests but its key, and gives what makes them again.</summary>
    public static async Task<List<string>> DropIndexesAsync(string connection)
    {
        const string indexes = "FROM pg_indexes WHERE tablename = 'api_requests' AND indexname NOT LIKE '%pkey'";
        var definitions = await TextsAsync(connection, $"SELECT indexdef {indexes}");
        foreach (var index in await TextsAsync(connection, $"SELECT quote_ident(indexname) {indexes}"))
        {
            await ExecuteAsync(connection, $"DROP INDEX {index}");
        }

        return definitions;
    }

    /// <summary>Milliseconds.</summary>
    public static async Task<double> TimeAsync(Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        return watch.Elapsed.TotalMilliseconds;
    }

    public static async Task<double> MicrosecondsAsync(Func<Task> work) => await TimeAsync(work) * 1_000;

    public static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    public static double Percentile(List<double> values, int percent)
        => values.Order().ElementAt((values.Count - 1) * percent / 100);

    private static async Task CopyAsync(string connection, IEnumerable<ApiRequest> requests, Column[] columns)
    {
        await using var npgsql = await OpenAsync(connection);
        var names = string.Join(", ", columns.Select(column => column.Name));
        await using (var rows = await npgsql.BeginBinaryImportAsync($"COPY api_requests ({names}) FROM STDIN (FORMAT binary)"))
        {
            rows.Timeout = Timeout.InfiniteTimeSpan;
            foreach (var request in requests)
            {
                await rows.StartRowAsync();
                foreach (var column in columns)
                {
                    await rows.WriteOrNullAsync(column.Value(request), column.Type);
                }
            }

            await rows.CompleteAsync();
        }

        await ExecuteAsync(npgsql, "VACUUM ANALYZE api_requests; CHECKPOINT");
    }

    /// <summary>A column of requests, and what is in it.</summary>
    internal sealed record Column(string Name, NpgsqlDbType Type, Func<ApiRequest, object?> Value);

    /// <summary>Makes contexts of one database.</summary>
    internal sealed class Contexts(string connection) : IDbContextFactory<NexusDbContext>
    {
        private readonly DbContextOptions<NexusDbContext> _options = Options(connection);

        public NexusDbContext CreateDbContext() => new(_options);

        private static DbContextOptions<NexusDbContext> Options(string connection)
        {
            var builder = new DbContextOptionsBuilder<NexusDbContext>();
            builder.UseNexus(connection);
            return builder.Options;
        }
    }
}
