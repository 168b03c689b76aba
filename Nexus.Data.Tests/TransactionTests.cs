using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Nexus.Data.Persistence;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests;

/// <summary>Units of work whose connection breaks at the worst moment.</summary>
public sealed class TransactionTests : DatabaseTest
{
    [TestCase(Moment.None, 1)]
    [TestCase(Moment.BeforeCommit, 2)]
    [TestCase(Moment.AfterCommit, 1)]
    public async Task A_unit_takes_effect_once_and_is_done_again_only_where_it_had_none(Moment moment, int tries)
    {
        var contexts = new BreakingContexts(ConnectionString, moment);
        var done = 0;

        var answer = await contexts.ExecuteInTransactionAsync(async (db, cancellationToken) =>
        {
            done++;
            db.Add(Bodies.Request(done, "Begin"));
            await db.SaveChangesAsync(cancellationToken);
            return done;
        });

        await using var read = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That(await read.Requests.CountAsync(), Is.EqualTo(1));
            Assert.That((done, answer), Is.EqualTo((tries, tries)));
        });
    }

    [Test]
    public async Task A_connection_that_ends_in_the_middle_is_replaced()
    {
        var contexts = new Contexts(ConnectionString);
        var done = 0;

        await contexts.ExecuteInTransactionAsync(async (db, cancellationToken) =>
        {
            db.Add(Bodies.Request(0, "Begin"));
            await db.SaveChangesAsync(cancellationToken);
            if (done++ == 0)
            {
                await EndOthersAsync();
            }
        });

        await using var read = OpenContext();
        Assert.That((await read.Requests.CountAsync(), done), Is.EqualTo((1, 2)));
    }

    [Test]
    public void What_is_the_works_own_fault_is_not_tried_again()
    {
        var contexts = new Contexts(ConnectionString);
        var done = 0;

        Assert.ThrowsAsync<DbUpdateException>(() => contexts.ExecuteInTransactionAsync(async (db, cancellationToken) =>
        {
            done++;
            var request = Bodies.Request(0, "Begin");
            request.IpAddress = new string('9', 46);
            db.Add(request);
            await db.SaveChangesAsync(cancellationToken);
        }));
        Assert.That(done, Is.EqualTo(1));
    }

    [Test]
    public async Task What_only_reads_is_done_again_without_a_transaction()
    {
        var contexts = new Contexts(ConnectionString);
        var done = 0;

        var (count, isAlone) = await contexts.ReadAgainAsync(
            async (db, cancellationToken) =>
            {
                await db.Database.OpenConnectionAsync(cancellationToken);
                if (done++ == 0)
                {
                    await EndOthersAsync();
                }

                return (await db.Requests.CountAsync(cancellationToken), db.Database.CurrentTransaction is null);
            },
            CancellationToken.None);

        Assert.That((count, isAlone, done), Is.EqualTo((0, true, 2)));
    }

    [Test]
    public async Task A_service_in_a_context_without_a_transaction_does_all_or_nothing()
    {
        await using var db = OpenContext();

        Assert.ThrowsAsync<DbUpdateException>(() => new UnitOfWork(db).DoAsync(
            async (context, cancellationToken) =>
            {
                context.Add(Bodies.Request(0, "Begin"));
                await context.SaveChangesAsync(cancellationToken);
                var second = Bodies.Request(1, "Begin");
                second.IpAddress = new string('9', 46);
                context.Add(second);
                return await context.SaveChangesAsync(cancellationToken);
            },
            CancellationToken.None));

        await using var read = OpenContext();
        Assert.That(await read.Requests.CountAsync(), Is.Zero);
    }

    private async Task EndOthersAsync()
    {
        await using var db = Server.Open(await AdministratorAsync());
        await db.Database.ExecuteSqlRawAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    }

    /// <summary>When the connection breaks, once.</summary>
    public enum Moment
    {
        /// <summary>Never.</summary>
        None,

        /// <summary>The server never hears of the commit.</summary>
        BeforeCommit,

        /// <summary>The server has committed, and its answer is lost.</summary>
        AfterCommit,
    }

    private sealed class BreakingContexts(string connectionString, Moment moment) : IDbContextFactory<NexusDbContext>
    {
        private readonly Breaker _breaker = new(moment);

        public NexusDbContext CreateDbContext() => Server.Open(connectionString, _breaker);
    }

    private sealed class Breaker(Moment moment) : DbTransactionInterceptor
    {
        private Moment _moment = moment;

        public override async ValueTask<InterceptionResult> TransactionCommittingAsync(
            DbTransaction transaction, TransactionEventData eventData, InterceptionResult result,
            CancellationToken cancellationToken = default)
        {
            if (_moment == Moment.BeforeCommit)
            {
                await transaction.RollbackAsync(cancellationToken);
                Break();
            }

            return result;
        }

        public override Task TransactionCommittedAsync(
            DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            if (_moment == Moment.AfterCommit)
            {
                Break();
            }

            return Task.CompletedTask;
        }

        private void Break()
        {
            _moment = Moment.None;
            throw new Npgsql.NpgsqlException("The connection broke.", new IOException());
        }
    }
}
