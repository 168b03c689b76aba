using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Nexus.Data.Analyses;
using Nexus.Data.Masking;
using Nexus.Data.Recording;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;
using Npgsql;

namespace Nexus.Data.Tests;

/// <summary>What a host gets from AddNexusData.</summary>
public sealed class RegistrationTests : EmptyDatabaseTest
{
    [Test]
    public async Task Services_that_were_added_twice_migrate_save_and_read()
    {
        await using var provider = new ServiceCollection()
            .AddNexusData("Host=nowhere")
            .AddNexusData(ConnectionString, options => options.CommandTimeoutSeconds = 7)
            .BuildServiceProvider();
        await provider.MigrateNexusDataAsync();
        var train = new Train { TrainId = "one", Name = "One" };

        await using (var scope = provider.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<NexusDbContext>();
            db.Add(train);
            db.Add(new TrainMember
            {
                TrainId = train.Id,
                UserEmail = "a@example.org",
                Role = TrainRole.Owner,
                AddedBy = "test",
            });
            db.Add(Analysis(ConversationAnalysisStatus.Failed));
            await db.SaveChangesAsync();
            Assert.That(db.Database.GetCommandTimeout(), Is.EqualTo(7));
        }

        var contexts = provider.GetRequiredService<IDbContextFactory<NexusDbContext>>();
        await using var read = await contexts.CreateDbContextAsync();
        Assert.Multiple(async () =>
        {
            Assert.That((await read.TrainMembers.SingleAsync()).Role, Is.EqualTo(TrainRole.Owner));
            Assert.That((await read.Analyses.SingleAsync()).Status, Is.EqualTo(ConversationAnalysisStatus.Failed));
            Assert.That((await read.Trains.SingleAsync()).CreatedAt, Is.Not.Null);
            Assert.That(await read.HourlyStats.ToListAsync(), Is.Empty);
        });
    }

    [Test]
    public async Task Contexts_with_a_connection_string_know_the_enum_that_a_migration_has_just_made()
    {
        await using (var db = OpenContext())
        {
            await db.Database.MigrateAsync();
            db.Add(Analysis(ConversationAnalysisStatus.Completed));
            await db.SaveChangesAsync();
        }

        await using var read = OpenContext();
        Assert.That((await read.Analyses.SingleAsync()).Status, Is.EqualTo(ConversationAnalysisStatus.Completed));
    }

    [TestCase("", "ConnectionString")]
    [TestCase("Host=db;Password=hush;Nonsense=1", "ConnectionString")]
    public void A_connection_string_that_cannot_be_read_is_named_and_not_quoted(string connectionString, string option)
    {
        using var provider = new ServiceCollection().AddNexusData(connectionString).BuildServiceProvider();

        Assert.That(
            () => provider.GetRequiredService<IOptions<NexusDataOptions>>().Value,
            Throws.InstanceOf<OptionsValidationException>()
                .With.Message.Contains(option).And.Message.Not.Contains("hush"));
    }

    [Test]
    public void Options_that_cannot_be_meant_are_named()
    {
        using var provider = new ServiceCollection().AddNexusData(ConnectionString)
            .AddNexusRequestIngest(options => (options.SpoolFolder, options.BatchSize) = ("", 0))
            .Configure<MaskingOptions>(options => options.Key = "hush")
            .BuildServiceProvider();

        var ingest = Assert.Throws<OptionsValidationException>(
            () => _ = provider.GetRequiredService<IOptions<RequestIngestOptions>>().Value);
        var masking = Assert.Throws<OptionsValidationException>(
            () => _ = provider.GetRequiredService<IOptions<MaskingOptions>>().Value);

        Assert.Multiple(() =>
        {
            Assert.That(ingest!.Message, Does.Contain("SpoolFolder").And.Contain("BatchSize"));
            Assert.That(masking!.Message, Does.Contain("Key").And.Contain("16").And.Not.Contain("hush"));
        });
    }

    [Test]
    public void Statements_are_prepared_unless_the_connection_string_says_otherwise()
    {
        using var prepared = Server.Open("Host=nowhere");
        using var unprepared = Server.Open("Host=nowhere;Max Auto Prepare=0");

        Assert.Multiple(() =>
        {
            Assert.That(MaxAutoPrepare(prepared), Is.GreaterThan(0));
            Assert.That(MaxAutoPrepare(unprepared), Is.Zero);
        });
    }

    private static ConversationAnalysis Analysis(ConversationAnalysisStatus status)
        => new() { ConversationId = Guid.NewGuid(), Status = status };

    private static int MaxAutoPrepare(NexusDbContext db)
        => new NpgsqlConnectionStringBuilder(db.Database.GetConnectionString()).MaxAutoPrepare;
}
