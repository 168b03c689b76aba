using Npgsql;

namespace Nexus.Data.Embedded;

/// <summary>Creates and drops databases on a server, on unpooled connections of its own.</summary>
internal static class Databases
{
    public static Task CreateAsync(
        string server, string name, string template, CancellationToken cancellationToken)
        => ExecuteAsync(server, $"CREATE DATABASE {Quote(name)} TEMPLATE {Quote(template)}", cancellationToken);

    public static Task DropAsync(string server, string name, CancellationToken cancellationToken)
        => ExecuteAsync(server, $"DROP DATABASE IF EXISTS {Quote(name)} WITH (FORCE)", cancellationToken);

    public static Task ForbidConnectionsAsync(string server, string name, CancellationToken cancellationToken)
        => ExecuteAsync(server, $"ALTER DATABASE {Quote(name)} WITH ALLOW_CONNECTIONS false", cancellationToken);

    public static async Task<IReadOnlyList<string>> NamesAsync(string server, CancellationToken cancellationToken)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(server) { Pooling = false };
        await using var connection = new NpgsqlConnection(unpooled.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var names = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    // Unpooled: what stays open would be in the way of the next CREATE DATABASE or of the server's end.
    private static async Task ExecuteAsync(string server, string sql, CancellationToken cancellationToken)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(server) { Pooling = false, CommandTimeout = 120 };
        await using var connection = new NpgsqlConnection(unpooled.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
