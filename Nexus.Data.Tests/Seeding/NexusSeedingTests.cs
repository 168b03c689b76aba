using Microsoft.EntityFrameworkCore;
using Nexus.Data.Seeding.Populations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Seeding;

/// <summary>EF populates what it migrates.</summary>
public sealed class NexusSeedingTests : EmptyDatabaseTest
{
    private static readonly DateTimeOffset _noon = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private protected override bool KeepsTotals => true;

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_migrated_database_is_populated_once(bool isAsync)
    {
        await MigrateAsync(isAsync);
        var first = await CountAsync();
        await MigrateAsync(isAsync);

        Assert.That(first, Is.EqualTo((5, 16, 30)));
        Assert.That(await CountAsync(), Is.EqualTo(first));
    }

    [Test]
    public async Task Those_who_migrate_at_once_populate_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 3).Select(number => Task.Run(() => MigrateAsync(number != 1))));

        Assert.That(await CountAsync(), Is.EqualTo((5, 16, 30)));
    }

    [Test]
    public async Task An_earlier_version_is_not_populated()
    {
        await using (var db = Open())
        {
            await db.Database.MigrateAsync("20250101000014_TrainMembers");
        }

        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var command = source.CreateCommand("SELECT count(*) FROM trains");
        Assert.That(await command.ExecuteScalarAsync(), Is.Zero);
        await MigrateAsync(isAsync: true);
        Assert.That((await CountAsync()).Users, Is.EqualTo(5));
    }

    [Test]
    public async Task What_is_cancelled_leaves_nothing_of_it()
    {
        await using (var db = Open(seeds: false))
        {
            await db.Database.MigrateAsync();
        }

        using var stop = new CancellationTokenSource();
        await using var blocker = new NpgsqlConnection(ConnectionString);
        await blocker.OpenAsync();
        await using var held = await blocker.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand(PopulationStore.Lock, blocker, held))
        {
            await command.ExecuteNonQueryAsync();
        }

        await using var waiting = Open();
        var migration = waiting.Database.MigrateAsync(stop.Token);
        await Server.WaitForAsync(ConnectionString, "wait_event = 'advisory'", () => migration.IsCompleted);
        await stop.CancelAsync();

        Assert.That(async () => await migration, Throws.InstanceOf<OperationCanceledException>());
        await held.RollbackAsync();
        Assert.That((await CountAsync()).Users, Is.Zero);
    }

    [Test]
    public async Task A_context_without_the_model_is_told_so()
    {
        await MigrateAsync(isAsync: true);
        using var db = new Other(ConnectionString);

        Assert.That(() => db.Database.EnsureCreated(), Throws.InvalidOperationException.With.Message.Contains("is for a context with the Nexus model, and Other has none"));
    }

    [Test]
    public async Task Production_as_the_host_names_it_is_migrated_and_not_populated()
    {
        await using var db = Open(environment: "Production");

        var exception = Assert.ThrowsAsync<NexusDataException>(() => db.Database.MigrateAsync());

        Assert.That(exception!.Message, Does.StartWith("The environment says production").And.EndsWith("Take UseNexusSeeding out of what migrates there."));
        Assert.That((await CountAsync()).Users, Is.Zero);
    }

    private async Task MigrateAsync(bool isAsync)
    {
        await using var db = Open();
        if (isAsync)
        {
            await db.Database.MigrateAsync();
        }
        else
        {
            db.Database.Migrate();
        }
    }

    private async Task<(int Users, int Messages, int Requests)> CountAsync()
    {
        await using var db = OpenContext();
        return (await db.Users.CountAsync(), await db.Messages.CountAsync(), await db.Requests.CountAsync());
    }

    private NexusDbContext Open(bool seeds = true, string environment = "Development")
    {
        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(ConnectionString);
        if (seeds)
        {
            builder.UseNexusSeeding(new() { At = _noon, Requests = 30 }, environment: environment);
        }

        return new(builder.Options);
    }

    private sealed class Other(string connection) : DbContext
    {
        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder)
            => optionsBuilder.UseNpgsql(connection).UseNexusSeeding();
    }
}
