using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Embedded;
using Nexus.Data.Seeding.Trains;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Documentation;

// The test project that docs/seeding.md shows.
// doc:test-project
public sealed class SeededTests
{
    private static readonly DateTimeOffset _noon = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static EmbeddedPostgres _server = null!;
    private static TemplateDatabases _databases = null!;
    private ServiceProvider _services = null!;

    // Once: a server that goes with the process, and a template that is migrated and populated.
    [OneTimeSetUp]
    public static async Task StartServer()
    {
        _server = await EmbeddedPostgres.StartAsync(new() { ThrowAway = true });
        _databases = new(_server.ConnectionString, async (connection, cancellationToken) =>
        {
            var builder = new DbContextOptionsBuilder<NexusDbContext>();
            builder.UseNexus(connection).UseNexusSeeding(new() { At = _noon, Requests = 50 }, environment: "Test");
            await using var db = new NexusDbContext(builder.Options);
            await db.Database.MigrateAsync(cancellationToken);
        });
    }

    // Each test has the same rows, and a database of its own.
    [SetUp]
    public async Task CloneDatabase()
        => _services = new ServiceCollection().AddNexusData(await _databases.CloneAsync()).BuildServiceProvider();

    [Test]
    public async Task A_member_is_added_to_a_train_of_the_tests_own()
    {
        var train = new TrainFaker(seed: 7, start: _noon).RuleFor(row => row.Name, "Night express").Generate();
        await using (var db = await Contexts.CreateDbContextAsync())
        {
            db.Add(train);
            db.AddRange(new TrainMemberFaker(train.Id, seed: 7, start: _noon).Generate(3));
            await db.SaveChangesAsync();
        }

        await _services.GetRequiredService<TrainMembers>().AddAsync(train.TrainId, "ada@example.org", TrainRole.Member, "test");

        await using var read = await Contexts.CreateDbContextAsync();
        Assert.That(await read.TrainMembers.CountAsync(member => member.TrainId == train.Id), Is.EqualTo(4));
    }

    [Test]
    public async Task The_requests_of_the_population_are_in_conversations()
    {
        var page = await _services.GetRequiredService<ConversationQueries>().ListAsync(new());

        Assert.That(page.Items, Is.Not.Empty);
    }

    [TearDown]
    public ValueTask DisposeServices() => _services.DisposeAsync();

    [OneTimeTearDown]
    public static async Task StopServer()
    {
        await _databases.DisposeAsync();
        await _server.DisposeAsync();
    }

    private IDbContextFactory<NexusDbContext> Contexts => _services.GetRequiredService<IDbContextFactory<NexusDbContext>>();
}
// doc:end
