using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Credentials;

/// <summary>The accounts and their tokens. Tokens go in and do not come out: <see cref="AccessTokens"/> gives them.</summary>
public sealed class CredentialStore
{
    private const int MaxName = 255;

    private readonly UnitOfWork _work;
    private readonly ICredentialProtector _protector;

    /// <summary>Creates the store.</summary>
    /// <param name="contexts">Makes the contexts; each operation has one, and a transaction, of its own.</param>
    /// <param name="protector">Protects what is stored.</param>
    public CredentialStore(IDbContextFactory<NexusDbContext> contexts, ICredentialProtector protector)
        : this(new UnitOfWork(contexts), protector)
    {
    }

    private CredentialStore(UnitOfWork work, ICredentialProtector protector) => (_work, _protector) = (work, protector);

    /// <summary>The same store in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The context. The caller commits.</param>
    public CredentialStore In(NexusDbContext db) => new(new UnitOfWork(db), _protector);

    /// <summary>Adds an account. A transaction of the caller's stays usable after a conflict.</summary>
    /// <param name="credential">The account.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="NexusDataException">Its identifier or its name is taken (conflict), a field is empty or too long, or
    /// no key is configured (validation).</exception>
    public Task<CredentialInfo> AddAsync(NewCredential credential, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(credential);
        Check("account id", credential.AccountId);
        Check("account name", credential.AccountName);
        ArgumentNullException.ThrowIfNull(credential.Tokens);
        credential.Tokens.Check(credential.AccountId);

        return _work.DoAsync(
            async (db, token) =>
            {
                var id = Guid.CreateVersion7();
                var isNew = await db.ExecuteAsync(
                    CredentialStatements.Insert,
                    [
                        .. Tokens(_protector, id, credential.Tokens), DbCommands.Text("account", credential.AccountId),
                        DbCommands.Text("name", credential.AccountName), DbCommands.Flag("max", credential.IsMax),
                    ],
                    token) == 1;
                return isNew
                    ? (await FindAsync(db, credential.AccountId, token))!.ToInfo(_protector)
                    : throw await TakenAsync(db, credential, token);
            },
            cancellationToken);
    }

    /// <summary>An account; null where there is none of this identifier.</summary>
    /// <param name="accountId">The account's identifier.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<CredentialInfo?> FindAsync(string accountId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(accountId);

        return (await _work.ReadAsync((db, token) => FindAsync(db, accountId, token), cancellationToken))?.ToInfo(_protector);
    }

    /// <summary>All accounts by name.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<IReadOnlyList<CredentialInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        var rows = await _work.ReadAsync(
            (db, token) => db.ReadAllAsync(CredentialStatements.All, [], row => StoredCredential.Read(row), token),
            cancellationToken);
        return [.. rows.Select(row => row.ToInfo(_protector))];
    }

    /// <summary>Stores the tokens of a new login. What failed before is forgotten.</summary>
    /// <param name="accountId">The account's identifier.</param>
    /// <param name="tokens">The tokens. Where they name no scopes, those that are stored stay.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="NexusDataException">There is no such account (not found), a token is none, or no key is configured
    /// (validation).</exception>
    public Task<CredentialInfo> UpdateTokensAsync(
        string accountId, OAuthTokens tokens, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(accountId);
        ArgumentNullException.ThrowIfNull(tokens);
        tokens.Check(accountId);

        return _work.DoAsync(
            async (db, token) =>
            {
                var id = (await FindAsync(db, accountId, token) ?? throw NotFound(accountId)).Id;
                return await UpdateAsync(db, _protector, id, tokens, token) == 1
                    ? (await FindAsync(db, accountId, token))!.ToInfo(_protector)
                    : throw NotFound(accountId);
            },
            cancellationToken);
    }

    /// <summary>Gives an account another name. A transaction of the caller's stays usable after a conflict.</summary>
    /// <remarks>Which account a train takes first follows from the names of its accounts.</remarks>
    /// <param name="accountId">The account's identifier, which stays.</param>
    /// <param name="name">The new name, at most 255 characters.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="NexusDataException">There is no such account (not found), or the name is taken (conflict).</exception>
    public Task<CredentialInfo> RenameAsync(string accountId, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(accountId);
        Check("account name", name);

        return _work.DoAsync(
            async (db, token) =>
            {
                var renamed = await UniqueChange.DoAsync(
                    db,
                    inner => db.ExecuteAsync(
                        CredentialStatements.Rename, [DbCommands.Sought("account", accountId), DbCommands.Text("name", name)], inner),
                    () => NameTaken(name), token);
                if (renamed == 0)
                {
                    throw NotFound(accountId);
                }

                return (await FindAsync(db, accountId, token))!.ToInfo(_protector);
            },
            cancellationToken);
    }

    /// <summary>Deletes an account and its links to trains. Its requests stay.</summary>
    /// <param name="accountId">The account's identifier.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>False where there was none.</returns>
    public Task<bool> DeleteAsync(string accountId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(accountId);

        return _work.DoAsync(
            async (db, token) => await db.ExecuteAsync(
                CredentialStatements.Delete, [DbCommands.Sought("account", accountId)], token) == 1,
            cancellationToken);
    }

    internal static async Task<StoredCredential?> FindAsync(
        NexusDbContext db, string accountId, CancellationToken cancellationToken)
        => (await db.ReadAllAsync(
            CredentialStatements.ByAccount, [DbCommands.Sought("account", accountId)], row => StoredCredential.Read(row),
            cancellationToken)).SingleOrDefault();

    /// <summary>Stores tokens of a row, and that all is well; 0 where the row is gone.</summary>
    internal static Task<int> UpdateAsync(
        NexusDbContext db, ICredentialProtector protector, Guid id, OAuthTokens tokens, CancellationToken cancellationToken)
        => db.ExecuteAsync(CredentialStatements.Update, [.. Tokens(protector, id, tokens)], cancellationToken);

    internal static NexusDataException NotFound(string accountId)
        => new(NexusDataErrorKind.NotFound, $"There is no account '{accountId}'.");

    private static IEnumerable<NpgsqlParameter> Tokens(ICredentialProtector protector, Guid id, OAuthTokens tokens)
        =>
        [
            DbCommands.Uuid("id", id),
            DbCommands.Text("access", protector.Protect(tokens.AccessToken, SecretContext.AccessToken(id))),
            DbCommands.Text("refresh", protector.Protect(tokens.RefreshToken, SecretContext.RefreshToken(id))),
            DbCommands.Text("suffix", StoredCredential.SuffixOf(tokens.AccessToken)),
            DbCommands.Time("expires", tokens.ExpiresAt),
            DbCommands.Texts("scopes", [.. tokens.Scopes]),
        ];

    private static async Task<NexusDataException> TakenAsync(
        NexusDbContext db, NewCredential credential, CancellationToken cancellationToken)
        => await db.ReadAsync(
            CredentialStatements.FindTaken, [DbCommands.Text("account", credential.AccountId)],
            async (reader, token) => await reader.ReadAsync(token) && reader.GetBoolean(0), cancellationToken)
            ? new(NexusDataErrorKind.Conflict, $"There is an account '{credential.AccountId}' already.")
            : NameTaken(credential.AccountName);

    private static NexusDataException NameTaken(string name)
        => new(NexusDataErrorKind.Conflict, $"There is an account of the name '{name}' already.");

    private static void Check(string what, string? text)
    {
        _ = TextField.Required(text, MaxName, what);
        if (text!.Any(char.IsControl))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"The {what} must have 1 to {MaxName} characters and no control character.");
        }
    }
}
