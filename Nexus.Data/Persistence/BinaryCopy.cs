using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Persistence;

/// <summary>What a binary COPY into the database needs beside what Npgsql has.</summary>
internal static class BinaryCopy
{
    public static Task WriteOrNullAsync<T>(
        this NpgsqlBinaryImporter import, T value, NpgsqlDbType type, CancellationToken cancellationToken = default)
        => value is null ? import.WriteNullAsync(cancellationToken) : import.WriteAsync(value, type, cancellationToken);
}
