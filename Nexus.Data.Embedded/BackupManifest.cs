using System.Text.Json;

namespace Nexus.Data.Embedded;

/// <summary>What stands beside a backup: by which it is compared before it is restored, and afterwards.</summary>
/// <param name="Database">Which database it was made of.</param>
/// <param name="ServerVersion">The server's version, as it says it.</param>
/// <param name="TakenAt">As of when.</param>
/// <param name="Bytes">The backup's length.</param>
/// <param name="Sha256">The backup's SHA-256, in hexadecimal digits.</param>
/// <param name="Tables">How many rows each table has, by its name with its schema, as SQL writes it.</param>
/// <param name="Since">From when on whole conversations and chats were taken; null for all of them.</param>
/// <param name="NoSecrets">Whether tokens, keys, webhook addresses and password hashes were left out.</param>
public sealed record BackupManifest(
    string Database, string ServerVersion, DateTimeOffset TakenAt, long Bytes, string Sha256,
    IReadOnlyDictionary<string, long> Tables, DateTimeOffset? Since = null, bool NoSecrets = false)
{
    private static readonly JsonSerializerOptions _json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>Where it stands.</summary>
    /// <param name="backup">The backup.</param>
    public static string PathOf(string backup) => backup + ".json";

    /// <summary>Reads it.</summary>
    /// <param name="backup">The backup.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="IOException">It says something else.</exception>
    public static async Task<BackupManifest?> ReadAsync(string backup, CancellationToken cancellationToken = default)
    {
        var path = PathOf(backup);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            await using var file = File.OpenRead(path);
            var manifest = await JsonSerializer.DeserializeAsync<BackupManifest>(file, _json, cancellationToken);
            return manifest is { Sha256: not null, Tables: not null } ? manifest : throw new JsonException("It has no checksum or no tables.");
        }
        catch (JsonException exception)
        {
            throw new IOException(
                $"{path} does not say what a backup holds: {exception.Message} Take the file away to restore without comparing.", exception);
        }
    }

    internal Task WriteAsync(Stream output, CancellationToken cancellationToken)
        => JsonSerializer.SerializeAsync(output, this, _json, cancellationToken);
}
