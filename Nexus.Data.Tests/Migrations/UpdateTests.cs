using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Migrations;

/// <summary>How a database comes to another level: by name, by script, by several at once, after an accident.</summary>
public sealed class UpdateTests : MigrationTest
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    [Test]
    public async Task A_migration_is_found_by_its_name_alone_up_and_down()
    {
        await MigrateAsync("AddParentRequestId");
        Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(Catalog.Expected(7)));

        await MigrateAsync();
        await MigrateAsync("AddParentRequestId");
        Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(Catalog.Expected(7)));
    }

    [Test]
    public async Task An_update_of_a_new_database_and_a_second_one_cause_no_error_and_the_second_changes_nothing()
    {
        var failures = new CommandFailures();
        await MigrateCountingAsync(failures, CancellationToken.None);
        var catalog = await ReadCatalogAsync();

        await MigrateCountingAsync(failures, CancellationToken.None);

        Assert.Multiple(async () =>
        {
            Assert.That(failures.Messages, Is.Empty);
            Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(catalog));
        });
    }

    [Test]
    public async Task An_idempotent_script_runs_twice_and_makes_what_the_migrations_make()
    {
        string script;
        await using (var db = OpenContext())
        {
            script = db.GetService<IMigrator>().GenerateScript(options: MigrationsSqlGenerationOptions.Idempotent);
        }

        await ExecuteAsync(script);
        var once = await ReadCatalogAsync();
        await ExecuteAsync(script);
        var twice = await ReadCatalogAsync();

        Assert.Multiple(async () =>
        {
            Assert.That(script, Does.StartWith("-- Idempotent").And.Not.Contains("INDEX CONCURRENTLY"));
            Assert.That(twice, Is.EquivalentTo(once));
            Assert.That(await AppliedAsync(), Is.EqualTo(Ids));
            await MigrateAsync(Migration.InitialDatabase);
            await MigrateAsync();
            Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(once));
        });
    }

    [Test]
    public async Task A_script_of_one_run_makes_what_the_migrations_make()
    {
        string script;
        await using (var db = OpenContext())
        {
            script = db.GetService<IMigrator>().GenerateScript(toMigration: Id(LastMirrored));
        }

        await ExecuteAsync(script);

        Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(Catalog.Expected(LastMirrored)));
    }

    [Test]
    public async Task Four_that_start_at_once_on_an_empty_database_migrate_it_once([Range(1, 10)] int round)
        => await MigrateAtOnceAsync(4, $"round {round}");

    [Test]
    public async Task Two_that_start_at_once_where_an_index_is_built_concurrently_do_not_wait_for_each_other_forever(
        [Range(1, 3)] int round)
    {
        await MigrateAsync(LastMirrored);

        await MigrateAtOnceAsync(2, $"round {round}");
    }

    [Test]
    public async Task Who_waits_for_the_lock_can_be_cancelled()
    {
        await using var other = new NpgsqlConnection(ConnectionString);
        await other.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT pg_advisory_lock(hashtextextended('nexus.migrate', 0))", other);
        await command.ExecuteNonQueryAsync();
        using var impatience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));

        Assert.That(
            () => MigrateCountingAsync(new(), impatience.Token), Throws.InstanceOf<OperationCanceledException>());

        Assert.That(await ReadCatalogAsync(), Is.Empty);
    }

    [Test]
    public async Task The_lock_is_let_go_when_a_migration_fails()
    {
        await ExecuteAsync("CREATE VIEW streaming_chunks AS SELECT 1 AS one");
        Assert.That(() => MigrateAsync(), Throws.InstanceOf<PostgresException>());

        await ExecuteAsync("DROP VIEW streaming_chunks");
        await MigrateAsync();

        Assert.That(
            await ReadAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
                + "database = (SELECT oid FROM pg_database WHERE datname = current_database())"),
            AreRows("0"));
    }

    [Test]
    public async Task An_index_that_was_left_invalid_is_built_again()
    {
        await MigrateAsync(15);
        await ExecuteAsync("""
            INSERT INTO api_requests (request_id, train_id, timestamp, method, path, headers, unlinked_because)
            SELECT gen_random_uuid(), 'train', now(), 'POST', '/', '{}', 'waits' FROM generate_series(1, 2)
            """);
        Assert.That(
            () => ExecuteAsync("CREATE UNIQUE INDEX CONCURRENTLY idx_requests_unlinked ON api_requests (train_id)"),
            Throws.InstanceOf<PostgresException>());

        await MigrateAsync(17);

        Assert.That(
            await ReadAsync("""
                SELECT indisvalid, indisunique, indnkeyatts
                FROM pg_index WHERE indexrelid = 'idx_requests_unlinked'::regclass
                """),
            AreRows("True|False|2"));
    }

    [Test]
    public async Task A_step_may_take_longer_than_a_query()
    {
        await MigrateAsync(0);
        await using var other = new NpgsqlConnection(ConnectionString);
        await other.OpenAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("LOCK TABLE api_requests", other, transaction);
        await command.ExecuteNonQueryAsync();

        await using var db = Server.Open($"{ConnectionString};Command Timeout=1");
        var migration = db.Database.MigrateAsync();
        await Task.Delay(TimeSpan.FromSeconds(2));
        await transaction.RollbackAsync();
        await migration;

        Assert.That(await AppliedAsync(), Is.EqualTo(Ids));
    }

    private async Task MigrateAtOnceAsync(int count, string round)
    {
        var failures = new CommandFailures();
        using var patience = new CancellationTokenSource(_patience);

        await Task.WhenAll(Enumerable.Range(0, count).Select(
            _ => Task.Run(() => MigrateCountingAsync(failures, patience.Token), patience.Token)));

        Assert.Multiple(async () =>
        {
            Assert.That(failures.Messages, Is.Empty, round);
            Assert.That(await AppliedAsync(), Is.EqualTo(Ids), round);
            Assert.That(
                await ReadAsync("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"), Is.Empty, round);
        });
    }

    private Task<List<string>> AppliedAsync()
        => ReadAsync("""SELECT "MigrationId" FROM "__EFMigrationsHistory" ORDER BY 1""");

    private async Task MigrateCountingAsync(CommandFailures failures, CancellationToken cancellationToken)
    {
        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(ConnectionString).AddInterceptors(failures);
        await using var db = new NexusDbContext(builder.Options);
        await db.Database.MigrateAsync(cancellationToken);
    }

    /// <summary>What the server answered with an error, and so wrote to its log.</summary>
    private sealed class CommandFailures : DbCommandInterceptor
    {
        private readonly List<string> _messages = [];

        public IReadOnlyList<string> Messages => _messages;

        public override void CommandFailed(DbCommand command, CommandErrorEventData eventData)
            => Add(command, eventData);

        public override Task CommandFailedAsync(
            DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
        {
            Add(command, eventData);
            return Task.CompletedTask;
        }

        private void Add(DbCommand command, CommandErrorEventData eventData)
        {
            lock (_messages)
            {
                _messages.Add($"{eventData.Exception.Message}: {command.CommandText}");
            }
        }
    }
}
