using Microsoft.EntityFrameworkCore;
using Nexus.Data.Credentials;
using Nexus.Data.Persistence;

namespace Nexus.Data.Trains;

/// <summary>Which accounts a train may use, and which one its next call takes.</summary>
public sealed class TrainAccounts
{
    // Both rows are kept from being deleted until the link is there.
    private const string Link =
        """
        WITH t AS (SELECT id FROM trains WHERE train_id = @train FOR KEY SHARE),
             c AS (SELECT id FROM anthropic_credentials WHERE account_id = @account FOR KEY SHARE),
             l AS (INSERT INTO train_accounts (id, train_id, credential_id) SELECT @id, t.id, c.id FROM t, c
                   ON CONFLICT (train_id, credential_id) DO NOTHING RETURNING 1)
        SELECT EXISTS (SELECT FROM t), EXISTS (SELECT FROM c), EXISTS (SELECT FROM l)
        """;

    private const string Unlink =
        """
        DELETE FROM train_accounts a USING trains t, anthropic_credentials c
        WHERE a.train_id = t.id AND a.credential_id = c.id AND t.train_id = @train AND c.account_id = @account
        """;

    private readonly UnitOfWork _work;
    private readonly ICredentialProtector _protector;
    private readonly AccessTokens _tokens;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts; each operation has one, and a transaction, of its own.</param>
    /// <param name="protector">Knows how tokens are stored.</param>
    /// <param name="tokens">Gives the tokens.</param>
    public TrainAccounts(
        IDbContextFactory<NexusDbContext> contexts, ICredentialProtector protector, AccessTokens tokens)
        : this(new UnitOfWork(contexts), protector, tokens)
    {
    }

    private TrainAccounts(UnitOfWork work, ICredentialProtector protector, AccessTokens tokens)
        => (_work, _protector, _tokens) = (work, protector, tokens);

    /// <summary>The same service in a context of the caller's, and in its transaction. Tokens are refreshed outside of it.
    /// </summary>
    /// <param name="db">The context. The caller commits.</param>
    public TrainAccounts In(NexusDbContext db) => new(new UnitOfWork(db), _protector, _tokens);

    /// <summary>Gives an account to a train.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="accountId">The account's identifier.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>False where the train had it already.</returns>
    /// <exception cref="NexusDataException">There is no such train or account (not found).</exception>
    public Task<bool> LinkAsync(string trainId, string accountId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(trainId);
        ArgumentNullException.ThrowIfNull(accountId);

        return _work.DoAsync(
            async (db, token) =>
            {
                var (hasTrain, hasAccount, isNew) = (await db.ReadAllAsync(
                    Link,
                    [
                        DbCommands.Sought("train", trainId), DbCommands.Sought("account", accountId),
                        DbCommands.Uuid("id", Guid.CreateVersion7()),
                    ],
                    row => (row.GetBoolean(0), row.GetBoolean(1), row.GetBoolean(2)), token)).Single();
                return !hasTrain ? throw TrainErrors.NotFound(trainId)
                    : !hasAccount ? throw CredentialStore.NotFound(accountId)
                    : isNew;
            },
            cancellationToken);
    }

    /// <summary>Takes an account from a train.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="accountId">The account's identifier.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>False where the train did not have it.</returns>
    public Task<bool> UnlinkAsync(string trainId, string accountId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(trainId);
        ArgumentNullException.ThrowIfNull(accountId);

        return _work.DoAsync(
            async (db, token) => await db.ExecuteAsync(
                Unlink, [DbCommands.Sought("train", trainId), DbCommands.Sought("account", accountId)], token) > 0,
            cancellationToken);
    }

    /// <summary>The accounts of a train by name, without their tokens.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="NexusDataException">There is no such train (not found).</exception>
    public async Task<IReadOnlyList<CredentialInfo>> ListAsync(
        string trainId, CancellationToken cancellationToken = default)
        => [.. (await ReadAsync(trainId, cancellationToken)).Accounts.Select(row => row.ToInfo(_protector))];

    /// <summary>
    /// The account that a train's next call goes to, with a token that is good: the one asked for; else the train's accounts in
    /// an order that stays the same, the first that has a token to give. One round trip where that token is good already.
    /// </summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="preferredAccountId">The account to take, and no other; null for any.</param>
    /// <param name="cancellationToken">Gives up waiting. A refresh that has begun goes on.</param>
    /// <exception cref="NexusDataException">There is no such train, or it has no account (not found); it is disabled, or has not
    /// the account that was asked for (forbidden); that account's tokens cannot be read (validation); or there is no token to be
    /// had (unavailable).</exception>
    public async Task<SelectedAccount> SelectAsync(
        string trainId, string? preferredAccountId = null, CancellationToken cancellationToken = default)
    {
        var (isDisabled, accounts) = await ReadAsync(trainId, cancellationToken);
        if (isDisabled)
        {
            throw new NexusDataException(NexusDataErrorKind.Forbidden, $"Train '{trainId}' is disabled.");
        }

        if (preferredAccountId is not null)
        {
            var preferred = accounts.Find(account => account.AccountId == preferredAccountId)
                ?? throw new NexusDataException(
                    NexusDataErrorKind.Forbidden, $"Train '{trainId}' may not use account '{preferredAccountId}'.");
            return await SelectAsync(preferred, cancellationToken);
        }

        if (accounts.Count == 0)
        {
            throw new NexusDataException(NexusDataErrorKind.NotFound, $"Train '{trainId}' has no account.");
        }

        var failures = new List<NexusDataException>();
        foreach (var account in accounts.ByRank(trainId, account => account.AccountName))
        {
            try
            {
                return await SelectAsync(account, cancellationToken);
            }
            catch (NexusDataException exception)
            {
                failures.Add(exception);
            }
        }

        throw new NexusDataException(
            NexusDataErrorKind.Unavailable,
            $"No account of train '{trainId}' has a token to give: {string.Join(' ', failures.Select(failure => failure.Message))}",
            failures[0]);
    }

    private async Task<SelectedAccount> SelectAsync(StoredCredential account, CancellationToken cancellationToken)
        => new(account.AccountId, account.AccountName, await _tokens.GetAsync(account, cancellationToken));

    // A train without an account is one row without one.
    private async Task<(bool IsDisabled, List<StoredCredential> Accounts)> ReadAsync(
        string trainId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(trainId);

        var rows = await _work.ReadAsync(
            (db, token) => db.ReadAllAsync(
                CredentialStatements.OfTrain, [DbCommands.Sought("train", trainId)],
                row => (IsDisabled: row.GetBoolean(0), Account: row.IsDBNull(1) ? null : StoredCredential.Read(row, 1)), token),
            cancellationToken);
        return rows.Count > 0
            ? (rows[0].IsDisabled, [.. rows.Select(row => row.Account).OfType<StoredCredential>()])
            : throw TrainErrors.NotFound(trainId);
    }
}
