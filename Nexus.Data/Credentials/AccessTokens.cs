using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Nexus.Data.Persistence;

namespace Nexus.Data.Credentials;

/// <summary>
/// Gives access tokens that are good for a while, and refreshes those that are not: one process at a time a credential, while
/// the others wait and take what came of it. What the issuer answered is stored though the caller gives up meanwhile.
/// </summary>
/// <remarks>
/// A process that dies between the issuer's answer and its storing takes the answer along; where the issuer replaces refresh
/// tokens, somebody has to log in again then.
/// </remarks>
public sealed partial class AccessTokens : IAsyncDisposable, IDisposable
{
    private readonly UnitOfWork _work;
    private readonly ICredentialProtector _protector;
    private readonly AccessTokenOptions _options;
    private readonly ILogger _logger;
    private readonly TokenRefresher _refresher;

    // What this process refreshes at the moment, and what of it could not be stored.
    private readonly ConcurrentDictionary<(Guid, bool), Lazy<Task<FreshToken>>> _flights = [];
    private readonly ConcurrentDictionary<Guid, Exchange> _unstored = [];

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="protector">Reads and protects the tokens.</param>
    /// <param name="client">Exchanges them.</param>
    /// <param name="options">When.</param>
    /// <param name="logger">Told of failures; null for nobody.</param>
    public AccessTokens(
        IDbContextFactory<NexusDbContext> contexts, ICredentialProtector protector, IOAuthTokenClient client,
        IOptions<AccessTokenOptions> options, ILogger<AccessTokens>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);

        (_work, _protector, _options) = (new UnitOfWork(contexts), protector, options.Value);
        _logger = logger ?? NullLogger<AccessTokens>.Instance;
        _refresher = new(contexts, protector, client, _options, _unstored, _logger);
    }

    /// <summary>An access token that is good for a minute or more, refreshed where it has to be.</summary>
    /// <param name="accountId">The account's identifier.</param>
    /// <param name="cancellationToken">Gives up waiting. A refresh that has begun goes on.</param>
    /// <returns>The token. A secret. Where it cannot be refreshed and is good for some seconds yet, it is given as it is.
    /// </returns>
    /// <exception cref="NexusDataException">There is no such account (not found), its tokens cannot be read (validation), or
    /// they have expired and cannot be refreshed (unavailable).</exception>
    public async Task<string> GetAsync(string accountId, CancellationToken cancellationToken = default)
        => await GetAsync(await FindAsync(accountId, cancellationToken), cancellationToken);

    /// <summary>Refreshes an account's tokens.</summary>
    /// <param name="accountId">The account's identifier.</param>
    /// <param name="force">Also where they are good yet, or where it failed just now.</param>
    /// <param name="cancellationToken">Gives up waiting. A refresh that has begun goes on.</param>
    /// <exception cref="NexusDataException">As of <see cref="GetAsync(string, CancellationToken)"/>; also where new tokens could
    /// not be stored yet (unavailable).</exception>
    public async Task<TokenRefresh> RefreshAsync(
        string accountId, bool force = false, CancellationToken cancellationToken = default)
    {
        var row = await FindAsync(accountId, cancellationToken);
        if (!force && row.IsGoodFor(_options.RefreshBefore))
        {
            return new(accountId, false, row.ExpiresAt);
        }

        var token = await FlyAsync(row, force, cancellationToken);
        return token.IsStored
            ? new(accountId, token.IsRefreshed, token.ExpiresAt)
            : throw new NexusDataException(
                NexusDataErrorKind.Unavailable,
                $"The tokens of account '{accountId}' were exchanged and could not be stored: this process keeps them until it "
                + "ends, and stores them at the next call that can.");
    }

    /// <summary>Waits for refreshes that have begun.</summary>
    public async ValueTask DisposeAsync()
    {
        Task flights = Task.WhenAll(_flights.Values.Select(flight => flight.Value));
        await flights.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var exchange in _unstored.Values)
        {
            try
            {
                await _refresher.StoreAsync(exchange);
            }
            catch (Exception exception)
            {
                LogLost(_logger, exchange.AccountId, exception.GetType().Name);
            }
        }

        _unstored.Clear();
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    internal async Task<string> GetAsync(StoredCredential row, CancellationToken cancellationToken)
    {
        if (row.IsGoodFor(_options.RefreshBefore))
        {
            return row.Unprotect(_protector);
        }

        var start = Stopwatch.GetTimestamp();
        try
        {
            return (await FlyAsync(row, force: false, cancellationToken)).Token;
        }
        catch (NexusDataException exception)
            when (exception.Kind == NexusDataErrorKind.Unavailable && row.Left > Stopwatch.GetElapsedTime(start))
        {
            return row.Unprotect(_protector);
        }
    }

    private async Task<StoredCredential> FindAsync(string accountId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(accountId);

        return await _work.ReadAsync((db, token) => CredentialStore.FindAsync(db, accountId, token), cancellationToken)
            ?? throw CredentialStore.NotFound(accountId);
    }

    // Joins the refresh that this process does already.
    private async Task<FreshToken> FlyAsync(StoredCredential row, bool force, CancellationToken cancellationToken)
    {
        if (!force && row.SinceFailure < _options.FailurePause && !_unstored.ContainsKey(row.Id))
        {
            throw TokenRefresher.NoToken(row.AccountId, row.RefreshFailure ?? "It failed just now.", null);
        }

        var own = new Lazy<Task<FreshToken>>(() => Task.Run(() => RefreshAsync(row, force), CancellationToken.None));
        var flight = _flights.GetOrAdd((row.Id, force), own);
        if (flight != own)
        {
            TokenMetrics.Waits.Add(1);
        }

        return await flight.Value.WaitAsync(cancellationToken);
    }

    private async Task<FreshToken> RefreshAsync(StoredCredential row, bool force)
    {
        try
        {
            var unstored = _unstored.GetValueOrDefault(row.Id);
            var token = await _refresher.RefreshAsync(row, force);
            if (unstored is not null)
            {
                // It was stored, or something newer was there.
                _unstored.TryRemove(KeyValuePair.Create(row.Id, unstored));
            }

            return token;
        }
        catch (UnstoredTokensException exception)
        {
            // The next call stores them, or the end of the process.
            var exchange = exception.Exchange;
            LogUnstored(_logger, row.AccountId, exception.InnerException!.GetType().Name);
            return new(exchange.Tokens.AccessToken, exchange.Tokens.ExpiresAt, isRefreshed: true, isStored: false);
        }
        finally
        {
            _flights.TryRemove((row.Id, force), out _);
        }
    }

    [LoggerMessage(3, LogLevel.Error, "The new tokens of account {AccountId} could not be stored ({Error}); they are kept in memory until the next try.")]
    private static partial void LogUnstored(ILogger logger, string accountId, string error);

    [LoggerMessage(4, LogLevel.Error, "The new tokens of account {AccountId} could not be stored ({Error}) and are lost: it needs a new login.")]
    private static partial void LogLost(ILogger logger, string accountId, string error);
}
