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
    private const string Columns =
        "request_id, train_id, \"timestamp\", method, path, headers, model, request_type, response_status, completed_at, error, body, response_body";

    private const string OwnColumns = ", body_original, response_body_original, is_altered";

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
    public static async Task FillAsync(string connection, TrafficOptions traffic, int count, bool isOriginal = false)
    {
        await using var npgsql = await OpenAsync(connection);
        await using (var rows = await npgsql.BeginBinaryImportAsync(
            $"COPY api_requests ({Columns}{(isOriginal ? "" : OwnColumns)}) FROM STDIN (FORMAT binary)"))
        {
            rows.Timeout = Timeout.InfiniteTimeSpan;
            foreach (var item in new RequestTraffic(traffic).Generate(count))
            {
                await WriteAsync(rows, item.ToRequest(), isOriginal);
            }

            await rows.CompleteAsync();
        }

        await ExecuteAsync(npgsql, "VACUUM ANALYZE api_requests; CHECKPOINT");
    }

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

    public static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task WriteAsync(NpgsqlBinaryImporter rows, ApiRequest request, bool isOriginal)
    {
        await rows.StartRowAsync();
        await rows.WriteAsync(request.RequestId, NpgsqlDbType.Uuid);
        await rows.WriteAsync(request.TrainId, NpgsqlDbType.Text);
        await rows.WriteAsync(request.Timestamp.UtcDateTime, NpgsqlDbType.TimestampTz);
        await rows.WriteAsync(request.Method, NpgsqlDbType.Text);
        await rows.WriteAsync(request.Path, NpgsqlDbType.Text);
        await rows.WriteAsync("{}", NpgsqlDbType.Jsonb);
        await rows.WriteOrNullAsync(request.Model, NpgsqlDbType.Text);
        await rows.WriteOrNullAsync(request.RequestType, NpgsqlDbType.Text);
        await rows.WriteOrNullAsync(request.ResponseStatus, NpgsqlDbType.Integer);
        await rows.WriteOrNullAsync(request.CompletedAt?.UtcDateTime, NpgsqlDbType.TimestampTz);
        await rows.WriteOrNullAsync(request.Error, NpgsqlDbType.Text);
        await rows.WriteOrNullAsync(request.Body, NpgsqlDbType.Jsonb);
        await rows.WriteOrNullAsync(request.ResponseBody, NpgsqlDbType.Jsonb);
        if (!isOriginal)
        {
            await rows.WriteOrNullAsync(request.BodyOriginal, NpgsqlDbType.Bytea);
            await rows.WriteOrNullAsync(request.ResponseBodyOriginal, NpgsqlDbType.Bytea);
            await rows.WriteAsync(request.IsAltered, NpgsqlDbType.Boolean);
        }
    }

    internal sealed class Contexts(string connection) : IDbContextFactory<NexusDbContext>
    {
        public NexusDbContext CreateDbContext()
        {
            var builder = new DbContextOptionsBuilder<NexusDbContext>();
            builder.UseNexus(connection);
            return new(builder.Options);
        }
    }
}
