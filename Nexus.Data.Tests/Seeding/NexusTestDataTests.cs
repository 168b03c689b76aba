using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Nexus.Data.Chats;
using Nexus.Data.Seeding.Populations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Seeding;

/// <summary>Hosts that populate their database when they start.</summary>
public sealed class NexusTestDataTests : DatabaseTest
{
    private static readonly DateTimeOffset _noon = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private protected override bool KeepsTotals => true;

    [Test]
    public async Task A_host_that_has_started_has_its_rows_and_people_log_in()
    {
        using var host = Host();
        await host.StartAsync();

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That(await db.Requests.CountAsync(), Is.EqualTo(25));
            Assert.That((await host.Services.GetRequiredService<Users>().LogInAsync("alice", SeedPassword.Value)).Outcome, Is.EqualTo(LogInOutcome.Done));
            Assert.That(await db.Trains.AnyAsync(train => train.TrainId.EndsWith("-7-0")), Is.True, "The seed counts.");
        });
        await host.StopAsync();
    }

    [Test]
    public async Task Hosts_that_start_at_once_and_again_populate_once()
    {
        using var one = Host();
        using var other = Host();
        await Task.WhenAll(one.StartAsync(), other.StartAsync());
        using var later = Host();
        await later.StartAsync();

        await using var db = OpenContext();
        Assert.That((await db.Users.CountAsync(), await db.Requests.CountAsync(), await db.TrainMembers.CountAsync()), Is.EqualTo((5, 25, 20)));
    }

    [TestCase("Production", null, "The environment says production")]
    [TestCase("Development", "production", "NEXUS_ENVIRONMENT says production")]
    public async Task A_host_in_production_does_not_start(string environment, string? own, string said)
    {
        using var host = Host(environment, own);

        var exception = Assert.ThrowsAsync<NexusDataException>(() => host.StartAsync());

        await using var db = OpenContext();
        Assert.That(exception!.Kind, Is.EqualTo(NexusDataErrorKind.Forbidden));
        Assert.That(exception.Message, Does.StartWith(said));
        Assert.That(await db.Users.AnyAsync(), Is.False);
    }

    [Test]
    public async Task What_NEXUS_ENVIRONMENT_says_comes_first()
    {
        using var host = Host("Production", "test");
        await host.StartAsync();

        await using var db = OpenContext();
        Assert.That(await db.Users.AnyAsync(), Is.True);
    }

    [Test]
    public async Task A_database_that_is_behind_is_told_of()
    {
        await AdministerAsync("""DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" > '20250101000017'""");
        using var host = Host();

        var exception = Assert.ThrowsAsync<NexusDataException>(() => host.StartAsync());

        Assert.That(exception!.Message, Does.Contain("call MigrateNexusDataAsync before the host starts"));
    }

    [Test]
    public async Task A_start_that_is_cancelled_leaves_nothing()
    {
        using var stop = new CancellationTokenSource();
        await using var blocker = new NpgsqlConnection(ConnectionString);
        await blocker.OpenAsync();
        await using var held = await blocker.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand(PopulationStore.Lock, blocker, held))
        {
            await command.ExecuteNonQueryAsync();
        }

        using var host = Host();
        var start = host.StartAsync(stop.Token);
        await Server.WaitForAsync(ConnectionString, "wait_event = 'advisory'", () => start.IsCompleted);
        await stop.CancelAsync();

        Assert.That(async () => await start, Throws.InstanceOf<OperationCanceledException>());
        await held.RollbackAsync();
        await using var db = OpenContext();
        Assert.That(await db.Users.AnyAsync(), Is.False);
    }

    [Test]
    public void Options_are_checked_at_the_start()
    {
        using var host = Host(requests: 20_001);

        Assert.That(() => host.StartAsync(), Throws.InstanceOf<OptionsValidationException>().With.Message.Contains("Requests"));
    }

    private IHost Host(string environment = "Development", string? own = null, int requests = 25)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder(
            new HostApplicationBuilderSettings { EnvironmentName = environment });
        builder.Configuration["NEXUS_ENVIRONMENT"] = own;
        builder.Services.AddNexusData(ConnectionString);
        builder.Services.AddNexusTestData(seed: 7, options => (options.At, options.Requests) = (_noon, requests));
        builder.Services.AddNexusTestData(seed: 7);
        return builder.Build();
    }
}
