using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Credentials;

/// <summary>
/// One refresh of one credential, alone among all processes. A refresh token may count once only: what the issuer answered is
/// stored, whatever becomes of the lock, its connection and those who wait.
/// </summary>
internal sealed partial class TokenRefresher(
    IDbContextFactory<NexusDbContext> contexts, ICredentialProtector protector, IOAuthTokenClient client,
    AccessTokenOptions options, ConcurrentDictionary<Guid, Exchange> unstored, ILogger logger)
{
    private const int Tries = 3;
    private const int MaxFailure = 255;

    private static readonly TimeSpan _lockBeyondExchange = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _commandBeyondWait = TimeSpan.FromSeconds(15);

    /// <summary>Refreshes, or takes what another has refreshed meanwhile.</summary>
    /// <param name="seen">The row as the caller found it.</param>
    /// <param name="force">Whether tokens that are good, and a failure just now, are no reason to leave it.</param>
    /// <exception cref="NexusDataException">There is no token to be had (unavailable), or no such account any more.</exception>
    /// <exception cref="UnstoredTokensException">There are tokens, and they could not be stored: they stay among those.</exception>
    public async Task<FreshToken> RefreshAsync(StoredCredential seen, bool force)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await TryAsync(seen, force);
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                return await ReadAfterWaitAsync(seen, force);
            }
            catch (Exception exception)
                when (exception is not (NexusDataException or UnstoredTokensException) && TransientFaults.AreIn(exception))
            {
                // Before the exchange: what comes after it is stored by other ways.
                if (tries == Tries)
                {
                    throw new NexusDataException(
                        NexusDataErrorKind.Unavailable,
                        $"The tokens of account '{seen.AccountId}' cannot be refreshed: the database cannot be had now.", exception);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(100 * (tries - 1)));
            }
            catch (PostgresException exception)
            {
                throw NoToken(
                    seen.AccountId, $"the database would not store new ones ({exception.SqlState}), so the issuer was not asked.", exception);
            }
        }
    }

    /// <summary>Stores what an exchange gave, unless the row has got other tokens since, by a connection of its own.</summary>
    /// <returns>The token that counts.</returns>
    public Task<FreshToken> StoreAsync(Exchange exchange)
        => contexts.ExecuteInTransactionAsync((db, _) => StoreAsync(db, exchange), CancellationToken.None);

    private async Task<FreshToken> TryAsync(StoredCredential seen, bool force)
    {
        await using var db = await contexts.CreateDbContextAsync();
        db.Database.SetCommandTimeout(options.WaitLimit + _commandBeyondWait);
        await using var transaction = await db.Database.BeginTransactionAsync();
        var row = await TakeAsync(db, seen);
        if (IsGood(row, seen, force))
        {
            TokenMetrics.Waits.Add(1);
            return Stored(row, isRefreshed: row.LastRefreshAt != seen.LastRefreshAt);
        }

        // Under the lock: another flight of this process may have left them just now.
        var exchange = unstored.GetValueOrDefault(row.Id);
        var refreshToken = row.UnprotectRefresh(protector);
        if (exchange?.RefreshToken != refreshToken)
        {
            ThrowWhereFailed(row, force);

            // What could not be stored must not be asked for.
            protector.Protect(refreshToken, SecretContext.RefreshToken(row.Id));
            try
            {
                exchange = new(row, refreshToken, await ExchangeAsync(row, refreshToken));
            }
            catch (OAuthTokenException failure)
            {
                return await FailAsync(db, row, refreshToken, failure);
            }
        }

        var token = await KeepAsync(db, exchange!);
        TokenMetrics.Successes.Add(1);
        return token;
    }

    private static async Task<StoredCredential> ReadOneAsync(
        DbDataReader reader, StoredCredential seen, CancellationToken cancellationToken)
        => await reader.ReadAsync(cancellationToken)
            ? StoredCredential.Read(reader)
            : throw CredentialStore.NotFound(seen.AccountId);

    private Task<StoredCredential> TakeAsync(NexusDbContext db, StoredCredential seen)
        => db.ReadAsync(
            CredentialLock.TakeAndRead(seen.Id, options.WaitLimit, options.ExchangeLimit + _lockBeyondExchange),
            [DbCommands.Uuid("id", seen.Id)],
            async (reader, token) =>
            {
                await reader.NextResultAsync(token);
                return await ReadOneAsync(reader, seen, token);
            },
            CancellationToken.None);

    // Another may have refreshed while this one waited for the lock. What is stored changes with the key too.
    private bool IsGood(StoredCredential row, StoredCredential seen, bool force)
        => row.LastRefreshAt != seen.LastRefreshAt
            ? row.Left > TimeSpan.Zero
            : !force && row.IsGoodFor(options.RefreshBefore);

    private FreshToken Stored(StoredCredential row, bool isRefreshed)
        => new(row.Unprotect(protector), row.ExpiresAt, isRefreshed);

    private void ThrowWhereFailed(StoredCredential row, bool force)
    {
        if (!force && row.SinceFailure < options.FailurePause)
        {
            throw NoToken(row.AccountId, row.RefreshFailure ?? "It failed just now.", null);
        }
    }

    // The lock is somebody else's for too long.
    private async Task<FreshToken> ReadAfterWaitAsync(StoredCredential seen, bool force)
    {
        await using var db = await contexts.CreateDbContextAsync();
        var row = await db.ReadAsync(
            CredentialStatements.ById, [DbCommands.Uuid("id", seen.Id)], (reader, token) => ReadOneAsync(reader, seen, token),
            CancellationToken.None);
        return IsGood(row, seen, force)
            ? Stored(row, isRefreshed: true)
            : throw NoToken(
                row.AccountId, "Another process has been refreshing it for longer than the limit of waiting.", null);
    }

    private async Task<OAuthTokens> ExchangeAsync(StoredCredential row, string refreshToken)
    {
        TokenMetrics.Attempts.Add(1);
        using var limit = new CancellationTokenSource(options.ExchangeLimit);
        var start = Stopwatch.GetTimestamp();
        try
        {
            var tokens = await client.RefreshAsync(refreshToken, limit.Token);
            tokens.Check(row.AccountId);
            return tokens;
        }
        catch (Exception exception) when (exception is not OAuthTokenException)
        {
            // Of a client that is not ours, and whose words may hold anything.
            throw new OAuthTokenException(
                OAuthTokenFailure.Unavailable,
                exception is OperationCanceledException ? "The issuer of tokens did not answer in time."
                : exception is NexusDataException ? "The issuer of tokens answered with something that is no token."
                : $"The exchange of tokens failed ({exception.GetType().Name}).");
        }
        finally
        {
            TokenMetrics.Duration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    // In the transaction that has the lock, as a rule.
    private async Task<FreshToken> KeepAsync(NexusDbContext db, Exchange exchange)
    {
        try
        {
            var token = await StoreAsync(db, exchange);
            await db.Database.CurrentTransaction!.CommitAsync();
            return token;
        }
        catch (Exception exception) when (exception is not NexusDataException { Kind: NexusDataErrorKind.NotFound })
        {
            LogBroken(logger, exchange.AccountId, exception.GetType().Name);
        }

        // Known before the lock is given away, and the connection with its locks given back before another one is asked for.
        unstored[exchange.Id] = exchange;
        await AbandonAsync(db);
        try
        {
            var token = await StoreAsync(exchange);
            unstored.TryRemove(KeyValuePair.Create(exchange.Id, exchange));
            return token;
        }
        catch (Exception exception) when (exception is not NexusDataException { Kind: NexusDataErrorKind.NotFound })
        {
            throw new UnstoredTokensException(exchange, exception);
        }
    }

    private static async Task AbandonAsync(NexusDbContext db)
    {
        try
        {
            await db.Database.CurrentTransaction!.DisposeAsync();
        }
        catch (Exception exception) when (TransientFaults.AreIn(exception))
        {
            // It was broken before.
        }

        await db.Database.CloseConnectionAsync();
    }

    // Done twice it does the same: the second time the row has what is to be stored.
    private async Task<FreshToken> StoreAsync(NexusDbContext db, Exchange exchange)
    {
        var row = await LockRowAsync(db, exchange.Id)
            ?? throw CredentialStore.NotFound(exchange.AccountId);
        if (!HasToken(row, exchange))
        {
            return Stored(row, isRefreshed: true);
        }

        await CredentialStore.UpdateAsync(db, protector, row.Id, exchange.Tokens, CancellationToken.None);
        return new(exchange.Tokens.AccessToken, exchange.Tokens.ExpiresAt, isRefreshed: true);
    }

    // Where a key that this process has not got protects the row by now, that is all that has changed: a login or another
    // refresh would have set the time.
    private bool HasToken(StoredCredential row, Exchange exchange)
    {
        try
        {
            return row.UnprotectRefresh(protector) == exchange.RefreshToken;
        }
        catch (NexusDataException exception) when (exception.Kind == NexusDataErrorKind.Validation)
        {
            return row.LastRefreshAt == exchange.LastRefreshAt;
        }
    }

    private static async Task<StoredCredential?> LockRowAsync(NexusDbContext db, Guid id)
        => (await db.ReadAllAsync(
            CredentialStatements.Locked, [DbCommands.Uuid("id", id)], row => StoredCredential.Read(row),
            CancellationToken.None)).SingleOrDefault();

    // A token that was refused because somebody has replaced it meanwhile is no failure.
    private async Task<FreshToken> FailAsync(
        NexusDbContext db, StoredCredential row, string refreshToken, OAuthTokenException failure)
    {
        FreshToken? other;
        try
        {
            other = await NoteAsync(db);
            await db.Database.CurrentTransaction!.CommitAsync();
        }
        catch (Exception exception) when (exception is not NexusDataException && TransientFaults.AreIn(exception))
        {
            LogBroken(logger, row.AccountId, exception.GetType().Name);
            other = await contexts.ExecuteInTransactionAsync((own, _) => NoteAsync(own), CancellationToken.None);
        }

        if (other is not null)
        {
            return other;
        }

        TokenMetrics.Failures.Add(
            1, new KeyValuePair<string, object?>(
                "reason", failure.Failure == OAuthTokenFailure.Rejected ? "rejected" : "unavailable"));
        LogFailed(logger, row.AccountId, failure.Message);
        throw NoToken(row.AccountId, failure.Message, failure);

        async Task<FreshToken?> NoteAsync(NexusDbContext own)
        {
            var now = await LockRowAsync(own, row.Id) ?? throw CredentialStore.NotFound(row.AccountId);
            if (now.UnprotectRefresh(protector) != refreshToken)
            {
                return Stored(now, isRefreshed: true);
            }

            var told = failure.Message.Length <= MaxFailure ? failure.Message : failure.Message[..MaxFailure];
            await own.ExecuteAsync(
                CredentialStatements.Fail, [DbCommands.Uuid("id", row.Id), DbCommands.Text("failure", told)],
                CancellationToken.None);
            return null;
        }
    }

    internal static NexusDataException NoToken(string accountId, string because, Exception? exception)
        => new(NexusDataErrorKind.Unavailable, $"Account '{accountId}' has no access token now: {because}", exception);

    [LoggerMessage(1, LogLevel.Warning, "The tokens of account {AccountId} could not be refreshed: {Failure}")]
    private static partial void LogFailed(ILogger logger, string accountId, string failure);

    [LoggerMessage(2, LogLevel.Warning, "The connection with the lock of account {AccountId} broke ({Error}); what came of the refresh is stored by another.")]
    private static partial void LogBroken(ILogger logger, string accountId, string error);
}
