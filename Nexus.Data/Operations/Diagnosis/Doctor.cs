using System.Data;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Looks at a live database and says what is wrong with it and what to do. Changes nothing, waits for nobody, and
/// gives each check little time.</summary>
/// <param name="contexts">Makes the contexts; each check has one of its own.</param>
/// <param name="checks">What is looked at, in this order.</param>
/// <param name="time">Measures how long it takes; null for the system's.</param>
public sealed class Doctor(
    IDbContextFactory<NexusDbContext> contexts, IEnumerable<IDatabaseCheck> checks, TimeProvider? time = null)
{
    private const int LockTimeoutMilliseconds = 200;

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>What is looked at, in its order.</summary>
    public IReadOnlyList<IDatabaseCheck> Checks { get; } = [.. checks];

    /// <summary>How long a check may take.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Runs checks one after the other.</summary>
    /// <param name="names">Which of them; null for all.</param>
    /// <param name="cancellationToken">Stops the checks.</param>
    /// <exception cref="NexusDataException">There is no check of a name.</exception>
    public async Task<IReadOnlyList<CheckReport>> RunAsync(
        IReadOnlyCollection<string>? names = null, CancellationToken cancellationToken = default)
    {
        var reports = new List<CheckReport>();
        foreach (var check in Select(names))
        {
            var start = _time.GetTimestamp();
            var result = await RunAsync(check, cancellationToken);
            reports.Add(new(check.Name, check.Purpose, _time.GetElapsedTime(start), result));
        }

        return reports;
    }

    private IEnumerable<IDatabaseCheck> Select(IReadOnlyCollection<string>? names)
    {
        if (names?.Except(Checks.Select(check => check.Name), StringComparer.Ordinal).FirstOrDefault() is { } unknown)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"There is no check '{unknown}'. There are: {string.Join(", ", Checks.Select(check => check.Name))}.");
        }

        return Checks.Where(check => names is null || names.Contains(check.Name, StringComparer.Ordinal));
    }

    private async Task<CheckResult> RunAsync(IDatabaseCheck check, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            return await db.Database.CreateExecutionStrategy().ExecuteAsync(
                token => RunAsync(db, check, token), cancellationToken);
        }
        catch (Exception exception)
            when (!cancellationToken.IsCancellationRequested && Reason(exception.GetBaseException()) is { } reason)
        {
            return CheckResult.Skipped(reason);
        }
    }

    private async Task<CheckResult> RunAsync(
        NexusDbContext db, IDatabaseCheck check, CancellationToken cancellationToken)
    {
        // Of several statements each may take all the time there is, and so may what a check opens itself.
        using var limit = new CancellationTokenSource(Limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, either.Token);
        await db.ExecuteAsync(
            "SET TRANSACTION READ ONLY; "
            + string.Create(
                CultureInfo.InvariantCulture,
                $"SET LOCAL statement_timeout = {(long)Limit.TotalMilliseconds}; SET LOCAL lock_timeout = {LockTimeoutMilliseconds}"),
            [], either.Token);
        return await check.RunAsync(db, either.Token);
    }

    // Null for what is no answer of the server's about itself: a check at fault, or no connection.
    private string? Reason(Exception exception) => exception switch
    {
        OperationCanceledException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } =>
            string.Create(CultureInfo.InvariantCulture, $"It did not end within {Limit.TotalSeconds:0.###} seconds."),
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } =>
            "Somebody holds what it has to read, as a migration does.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } postgres =>
            $"It needs a right that this user has not: {postgres.MessageText}.",
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn } postgres =>
            $"The schema has not what it looks at: {postgres.MessageText}.",
        _ => null,
    };
}
