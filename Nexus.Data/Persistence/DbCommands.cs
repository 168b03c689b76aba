using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Persistence;

/// <summary>
/// Sends SQL by EF's own commands, so that interceptors, logs and traces see it, several statements in one round trip.
/// </summary>
internal static class DbCommands
{
    public static NpgsqlParameter Parameter(string name, NpgsqlDbType type, object? value)
        => new(name, type) { Value = value ?? DBNull.Value };

    public static NpgsqlParameter Text(string name, string? value) => Parameter(name, NpgsqlDbType.Text, value);

    /// <summary>A text to look for, whatever it holds.</summary>
    public static NpgsqlParameter Sought(string name, string? value) => Text(name, TextField.Sought(value));

    public static NpgsqlParameter Texts(string name, string?[] value)
        => Parameter(name, NpgsqlDbType.Array | NpgsqlDbType.Text, value);

    public static NpgsqlParameter Uuid(string name, Guid? value) => Parameter(name, NpgsqlDbType.Uuid, value);

    public static NpgsqlParameter Uuids(string name, Guid[] value)
        => Parameter(name, NpgsqlDbType.Array | NpgsqlDbType.Uuid, value);

    public static NpgsqlParameter Times(string name, DateTimeOffset[] value)
        => Parameter(name, NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, value.Select(time => time.UtcDateTime).ToArray());

    public static NpgsqlParameter Numbers(string name, int?[] value)
        => Parameter(name, NpgsqlDbType.Array | NpgsqlDbType.Integer, value);

    public static NpgsqlParameter Time(string name, DateTimeOffset value)
        => Parameter(name, NpgsqlDbType.TimestampTz, value.UtcDateTime);

    public static NpgsqlParameter OptionalTime(string name, DateTimeOffset? value)
        => Parameter(name, NpgsqlDbType.TimestampTz, value?.UtcDateTime);

    public static NpgsqlParameter Bytes(string name, byte[]? value) => Parameter(name, NpgsqlDbType.Bytea, value);

    public static NpgsqlParameter BytesList(string name, byte[]?[] value)
        => Parameter(name, NpgsqlDbType.Array | NpgsqlDbType.Bytea, value);

    public static NpgsqlParameter Number(string name, int value) => Parameter(name, NpgsqlDbType.Integer, value);

    public static NpgsqlParameter Long(string name, long value) => Parameter(name, NpgsqlDbType.Bigint, value);

    public static NpgsqlParameter Longs(string name, long[] value)
        => Parameter(name, NpgsqlDbType.Array | NpgsqlDbType.Bigint, value);

    public static NpgsqlParameter Flag(string name, bool? value) => Parameter(name, NpgsqlDbType.Boolean, value);

    public static async Task<int> ExecuteAsync(
        this DbContext db, string sql, IReadOnlyCollection<NpgsqlParameter> parameters, CancellationToken cancellationToken)
    {
        var (command, arguments) = Build(db, sql, parameters);
        return await command.ExecuteNonQueryAsync(arguments, cancellationToken);
    }

    public static async Task<T> ReadAsync<T>(
        this DbContext db, string sql, IReadOnlyCollection<NpgsqlParameter> parameters,
        Func<DbDataReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        var (command, arguments) = Build(db, sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(arguments, cancellationToken);
        return await read(reader.DbDataReader, cancellationToken);
    }

    /// <summary>Every row of one statement.</summary>
    public static Task<List<T>> ReadAllAsync<T>(
        this DbContext db, string sql, IReadOnlyCollection<NpgsqlParameter> parameters, Func<DbDataReader, T> read,
        CancellationToken cancellationToken)
        => db.ReadAsync(
            sql, parameters,
            async (reader, token) =>
            {
                var rows = new List<T>();
                while (await reader.ReadAsync(token))
                {
                    rows.Add(read(reader));
                }

                return rows;
            },
            cancellationToken);

    /// <summary>Work whose commands take as long as they take; a caller's context has its own limit again afterwards.</summary>
    public static async Task<T> WithoutTimeoutAsync<T>(this DbContext db, Func<Task<T>> work)
    {
        var timeout = db.Database.GetCommandTimeout();
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        try
        {
            return await work();
        }
        finally
        {
            db.Database.SetCommandTimeout(timeout);
        }
    }

    private static (IRelationalCommand Command, RelationalCommandParameterObject Arguments) Build(
        DbContext db, string sql, IReadOnlyCollection<NpgsqlParameter> parameters)
    {
        // Not as raw SQL, which EF takes for a format string and copies twice.
        var command = db.GetService<IRelationalCommandBuilderFactory>().Create().Append(sql);
        foreach (var parameter in parameters)
        {
            command.AddRawParameter(parameter.ParameterName, parameter);
        }

        var arguments = new RelationalCommandParameterObject(
            db.GetService<IRelationalConnection>(), null, null, db, db.GetService<IRelationalCommandDiagnosticsLogger>(),
            CommandSource.FromSqlQuery);
        return (command.Build(), arguments);
    }
}
