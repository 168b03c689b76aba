using System.Data.Common;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Credentials;

/// <summary>A table with secrets that are protected, and what is asked of it. The names are ours.</summary>
internal sealed record SecretTable(string Name, string[] Columns)
{
    public static readonly IReadOnlyList<SecretTable> All =
        [
            new(SecretContext.Credentials, [SecretContext.AccessTokenColumn, SecretContext.RefreshTokenColumn]),
            new(SecretContext.Trains, [SecretContext.SlackWebhookColumn]),
        ];

    private string ColumnList => string.Join(", ", Columns);

    private string HasSecret => string.Join(" OR ", Columns.Select(column => $"{column} IS NOT NULL"));

    /// <summary>The next rows by key.</summary>
    public string Page => $"SELECT id, {ColumnList} FROM {Name} WHERE id > @after AND ({HasSecret}) ORDER BY id LIMIT @count";

    /// <summary>Every secret, for who counts.</summary>
    public string Whole => $"SELECT id, {ColumnList} FROM {Name} WHERE {HasSecret} ORDER BY id";

    /// <summary>Some of the rows, held until the transaction ends. In the order of the key, so that two never wait for each
    /// other.</summary>
    public string Hold => $"SELECT id, {ColumnList} FROM {Name} WHERE id = ANY (@ids) ORDER BY id FOR NO KEY UPDATE";

    /// <summary>Other values for rows that are held; null leaves what is there. It is no change of the row's content: its time of
    /// change stays.</summary>
    public string Write
        => $"""
            UPDATE {Name} t SET {string.Join(", ", Columns.Select((column, i) => $"{column} = coalesce(n.v{i}, t.{column})"))}{Suffix}
            FROM unnest(@ids, {string.Join(", ", Columns.Select((_, i) => $"@values{i}"))}, @suffixes)
                AS n (id, {string.Join(", ", Columns.Select((_, i) => $"v{i}"))}, suffix)
            WHERE t.id = n.id
            """;

    // An adopted row has none; it cannot be told from a protected token.
    private string Suffix
        => Name == SecretContext.Credentials ? ", oauth_token_suffix = coalesce(t.oauth_token_suffix, n.suffix)" : "";

    public StoredSecrets Read(DbDataReader reader)
        => new(
            reader.GetGuid(0),
            [.. Columns.Select((_, i) => reader.TextOrNull(i + 1))]);

    public NpgsqlParameter[] Parameters(IReadOnlyList<NewSecrets> rows)
        =>
        [
            DbCommands.Uuids("ids", [.. rows.Select(row => row.Id)]),
            .. Columns.Select((_, i) => DbCommands.Texts($"values{i}", [.. rows.Select(row => row.Values[i])])),
            DbCommands.Texts("suffixes", [.. rows.Select(row => row.Suffix)]),
        ];
}

/// <summary>The secrets of a row as they are stored, in the order of the table's columns.</summary>
internal sealed class StoredSecrets(Guid id, string?[] values)
{
    public Guid Id { get; } = id;

    public string?[] Values { get; } = values;
}

/// <summary>What a row gets; null leaves what is there.</summary>
internal sealed class NewSecrets(Guid id, string?[] values, string? suffix)
{
    public Guid Id { get; } = id;

    public string?[] Values { get; } = values;

    public string? Suffix { get; } = suffix;
}
