namespace Nexus.Data.Credentials;

/// <summary>Counts how secrets are stored, and makes what is to be stored instead.</summary>
internal sealed class SecretTally(ICredentialProtector protector)
{
    private readonly List<UnreadableSecret> _unreadable = [];

    public long Secrets { get; private set; }

    public long InClear { get; private set; }

    public long OtherKeys { get; private set; }

    public IReadOnlyList<UnreadableSecret> Unreadable => _unreadable;

    /// <summary>Counts a row's secrets, and says whether one of them is to be rewritten and can be.</summary>
    public bool Add(SecretTable table, StoredSecrets row)
    {
        var hasOld = false;
        for (var i = 0; i < table.Columns.Length; i++)
        {
            if (row.Values[i] is not { } stored)
            {
                continue;
            }

            Secrets++;
            switch (StoredCredential.Protection(protector, stored))
            {
                case SecretProtection.Clear:
                    InClear++;
                    hasOld |= TryRead(table, row.Id, i, stored) is not null;
                    break;
                case SecretProtection.OtherKey:
                    OtherKeys++;
                    hasOld |= TryRead(table, row.Id, i, stored) is not null;
                    break;
                default:
                    // Also what is under the current key may be damaged.
                    TryRead(table, row.Id, i, stored);
                    break;
            }
        }

        return hasOld;
    }

    /// <summary>What a row that is held gets, and how many secrets that is; null where nothing is to be done any more.</summary>
    public NewSecrets? Renew(SecretTable table, StoredSecrets row, ref long rewritten)
    {
        var values = new string?[row.Values.Length];
        var (suffix, renewed) = (default(string), 0);
        for (var i = 0; i < values.Length; i++)
        {
            if (row.Values[i] is { } stored && !protector.IsCurrent(stored)
                && TryUnprotect(table, row.Id, i, stored, out _) is { } secret)
            {
                values[i] = protector.Protect(secret, SecretContext.Of(table.Name, row.Id, table.Columns[i]));
                suffix = table.Columns[i] == SecretContext.AccessTokenColumn ? StoredCredential.SuffixOf(secret) : suffix;
                renewed++;
            }
        }

        rewritten += renewed;
        return renewed == 0 ? null : new(row.Id, values, suffix);
    }

    private string? TryRead(SecretTable table, Guid id, int column, string stored)
    {
        var secret = TryUnprotect(table, id, column, stored, out var reason);
        if (secret is null)
        {
            _unreadable.Add(new(table.Name, id, table.Columns[column], AesCredentialProtector.KeyIdOf(stored), reason!));
        }

        return secret;
    }

    private string? TryUnprotect(SecretTable table, Guid id, int column, string stored, out string? reason)
    {
        try
        {
            reason = null;
            return protector.Unprotect(stored, SecretContext.Of(table.Name, id, table.Columns[column]));
        }
        catch (NexusDataException exception)
        {
            reason = exception.Message;
            return null;
        }
    }
}
