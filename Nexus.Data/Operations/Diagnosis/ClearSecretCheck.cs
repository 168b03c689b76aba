using System.Globalization;
using Nexus.Data.Credentials;
using Nexus.Data.Persistence;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Tokens, webhook addresses and keys that stand in clear, or under a key that is to go.</summary>
internal sealed class ClearSecretCheck(ICredentialProtector protector) : IDatabaseCheck
{
    private const int MostTold = 20;

    private const string ClearKeys = "SELECT count(*) FROM train_api_keys WHERE api_key IS NOT NULL";

    public string Name => "clear-secrets";

    public string Purpose => "Counts tokens, webhook addresses and API keys in clear, and those under keys other than the current one.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var tally = new SecretTally(protector);
        foreach (var table in SecretTable.All)
        {
            foreach (var row in await db.ReadAllAsync(table.Whole, [], table.Read, cancellationToken))
            {
                tally.Add(table, row);
            }
        }

        var apiKeys = (await db.ReadAllAsync(ClearKeys, [], row => row.GetInt64(0), cancellationToken)).Single();
        return Judge(tally, apiKeys);
    }

    private static CheckResult Judge(SecretTally tally, long apiKeys)
    {
        var findings = new List<string>();
        var remedies = new List<string>();
        if (tally.InClear > 0)
        {
            findings.Add(Count(tally.InClear, "tokens or webhook addresses stand in clear"));
            remedies.Add("Run 'nexus-data credentials protect'.");
        }

        if (apiKeys > 0)
        {
            findings.Add(Count(apiKeys, "API keys stand in clear"));
            remedies.Add("Run 'nexus-data migrate --retire-clear-keys'.");
        }

        // What is in clear and broken is told by its own line.
        if (tally.Unreadable.Count > 0)
        {
            findings.Add(Count(tally.Unreadable.Count, "secrets cannot be read by the keys that are configured here"));
            remedies.Add("Configure the keys that the details name, or log in anew for these accounts.");
        }

        if (tally.OtherKeys > 0)
        {
            findings.Add(Count(tally.OtherKeys, "secrets are under another key than the current one"));
            remedies.Add("Run 'nexus-data credentials rotate' with all keys.");
        }

        return findings.Count == 0
            ? CheckResult.Ok(string.Create(
                CultureInfo.InvariantCulture, $"{tally.Secrets:N0} tokens and webhook addresses are protected by the current key."))
            : CheckResult.Warning(
                $"{string.Join("; ", findings)}.",
                string.Join(' ', remedies), [.. tally.Unreadable.Take(MostTold).Select(secret => secret.Reason)]);
    }

    private static string Count(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}");
}
