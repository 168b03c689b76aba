using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data;

/// <summary>Transactions that are done once, also where a connection breaks at the worst moment.</summary>
public static class NexusTransactions
{
    private const int Tries = 6;
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Does a unit of work in one transaction of isolation READ COMMITTED, and again on a new context where the connection
    /// fails or the server turns it away: six times at most, and for some seconds. Where the connection breaks during the
    /// commit, the server is asked what became of the transaction, so that the work is never done twice.
    /// </summary>
    /// <param name="contexts">Makes a new context for each try.</param>
    /// <param name="work">The work. It saves its changes, and does nothing that cannot be done again but by the context.
    /// </param>
    /// <param name="cancellationToken">Stops the work. A commit that has begun is not stopped.</param>
    /// <returns>What the work gave.</returns>
    /// <exception cref="NexusDataException">The database cannot be had (unavailable).</exception>
    public static Task<T> ExecuteInTransactionAsync<T>(
        this IDbContextFactory<NexusDbContext> contexts, Func<NexusDbContext, CancellationToken, Task<T>> work,
        CancellationToken cancellationToken = default)
        => ExecuteAsync(contexts, work, Safety.Once, cancellationToken);

    /// <inheritdoc cref="ExecuteInTransactionAsync{T}"/>
    public static Task ExecuteInTransactionAsync(
        this IDbContextFactory<NexusDbContext> contexts, Func<NexusDbContext, CancellationToken, Task> work,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);

        return contexts.ExecuteInTransactionAsync(
            async (db, token) =>
            {
                await work(db, token);
                return true;
            },
            cancellationToken);
    }

    /// <summary>
    /// A context of ours on the connection of another context, and in its transaction where it has one: what a service does
    /// <c>In</c> it is committed with what the host's context saves, or not at all.
    /// </summary>
    /// <param name="context">The host's context, on a Nexus database. It keeps its connection, and has to live longer. Its
    /// connections have to know our types: by <c>UseNexus</c>, or a data source built with <c>UseNexusTypes</c>.</param>
    /// <returns>The context; it is disposed by who asked for it. A transaction has to be begun before: one that begins later is
    /// not known to it, and services cannot begin their own meanwhile.</returns>
    /// <exception cref="ArgumentException">The context is not on PostgreSQL.</exception>
    public static NexusDbContext JoinNexus(this DbContext context)
    {
        ArgumentNullException.ThrowIfNull(context);

        if (context.Database.GetDbConnection() is not NpgsqlConnection connection)
        {
            throw new ArgumentException($"{context.GetType().Name} is not on PostgreSQL.", nameof(context));
        }

        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(connection, npgsql => npgsql.CommandTimeout(context.Database.GetCommandTimeout()));
        var nexus = new NexusDbContext(builder.Options);
        nexus.Database.UseTransaction(context.Database.CurrentTransaction?.GetDbTransaction());
        return nexus;
    }

    /// <summary>The same for work that finds out by itself that it is done already: a round trip less.</summary>
    internal static Task<T> ExecuteIdempotentlyAsync<T>(
        this IDbContextFactory<NexusDbContext> contexts, Func<NexusDbContext, CancellationToken, Task<T>> work,
        CancellationToken cancellationToken)
        => ExecuteAsync(contexts, work, Safety.Idempotent, cancellationToken);

    /// <summary>The same without a transaction, for what only reads or is one statement that may be done twice.</summary>
    internal static Task<T> ReadAgainAsync<T>(
        this IDbContextFactory<NexusDbContext> contexts, Func<NexusDbContext, CancellationToken, Task<T>> work,
        CancellationToken cancellationToken)
        => ExecuteAsync(contexts, work, Safety.Statement, cancellationToken);

    // How a piece of work is kept from being done twice.
    private enum Safety
    {
        // By asking the server what became of its transaction.
        Once,

        // By itself, in a transaction.
        Idempotent,

        // By itself, and it needs no transaction.
        Statement,
    }

    private static async Task<T> ExecuteAsync<T>(
        IDbContextFactory<NexusDbContext> contexts, Func<NexusDbContext, CancellationToken, Task<T>> work,
        Safety safety, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        ArgumentNullException.ThrowIfNull(work);

        var clock = Stopwatch.StartNew();
        for (var tries = 1; ; tries++)
        {
            var unit = new Unit<T>(work, safety);
            try
            {
                return await unit.ExecuteAsync(contexts, cancellationToken);
            }
            catch (Exception) when (unit.IsInDoubt)
            {
                // Whoever gave up by now has to know all the same.
                if (await unit.WasCommittedAsync(contexts))
                {
                    return unit.Answer!;
                }

                if (tries >= Tries || cancellationToken.IsCancellationRequested)
                {
                    throw;
                }
            }
            catch (Exception exception)
                when (TransientFaults.AreIn(exception) && !cancellationToken.IsCancellationRequested)
            {
                if (tries >= Tries || clock.Elapsed > _patience)
                {
                    // Work that needs more than this database says itself what cannot be had.
                    if (exception is NexusDataException)
                    {
                        throw;
                    }

                    throw new NexusDataException(
                        NexusDataErrorKind.Unavailable,
                        "The database cannot be had now: it was tried again for some seconds.", exception);
                }
            }

            // The first pause is none: after a restart each connection of the pool is broken once.
            await Task.Delay(tries == 1 ? TimeSpan.Zero : _firstPause * Math.Pow(2, tries - 1), cancellationToken);
        }
    }

    // One try.
    private sealed class Unit<T>(Func<NexusDbContext, CancellationToken, Task<T>> work, Safety safety)
    {
        // Set while it is unknown whether the commit arrived.
        private string? _committing;

        public T? Answer { get; private set; }

        public bool IsInDoubt => _committing is not null;

        public async Task<T> ExecuteAsync(IDbContextFactory<NexusDbContext> contexts, CancellationToken cancellationToken)
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            if (safety == Safety.Statement)
            {
                return await work(db, cancellationToken);
            }

            // Our own work goes on after no failed save; a host's may, and is left EF's savepoint before each: two round trips.
            db.Database.AutoSavepointsEnabled = safety == Safety.Once;
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            Answer = await work(db, cancellationToken);

            _committing = safety == Safety.Idempotent ? null : await IdAsync(db, cancellationToken);
            await transaction.CommitAsync(CancellationToken.None);
            _committing = null;
            return Answer;
        }

        // None where nothing was written: then nothing depends on the commit.
        private static Task<string?> IdAsync(NexusDbContext db, CancellationToken cancellationToken)
            => db.ReadAsync(
                "SELECT pg_current_xact_id_if_assigned()::text", [],
                async (reader, token) => await reader.ReadAsync(token) && !reader.IsDBNull(0) ? reader.GetString(0) : null,
                cancellationToken);

        // Asked until the end, also where the caller gave up meanwhile.
        public async Task<bool> WasCommittedAsync(IDbContextFactory<NexusDbContext> contexts)
        {
            var id = _committing!;
            for (var tries = 1; ; tries++)
            {
                try
                {
                    await using var db = await contexts.CreateDbContextAsync();
                    var status = await db.ReadAsync(
                        "SELECT pg_xact_status(@id::xid8)", [DbCommands.Text("id", id)],
                        async (reader, token) => await reader.ReadAsync(token) && !reader.IsDBNull(0)
                            ? reader.GetString(0)
                            : null,
                        CancellationToken.None);
                    if (status is "committed" or "aborted")
                    {
                        return status == "committed";
                    }
                }
                catch (Exception exception) when (tries < Tries && TransientFaults.AreIn(exception))
                {
                    // The server is still away.
                }

                if (tries == Tries)
                {
                    throw new NexusDataException(
                        NexusDataErrorKind.Unavailable,
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"The connection broke during the commit of transaction {id}, and the server does not say what became of it."));
                }

                await Task.Delay(_firstPause * Math.Pow(2, tries));
            }
        }
    }
}
