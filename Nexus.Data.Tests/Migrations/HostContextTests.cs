using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Nexus.Data.Chats;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Operations;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Recording;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;

namespace Nexus.Data.Tests.Migrations;

/// <summary>A host that keeps the Nexus tables in a context of its own, with its own migrations and data source.</summary>
public sealed partial class HostContextTests : EmptyDatabaseTest
{
    private const string Body = """{"model":"m","messages":[{"role":"user","content":"Hello"}]}""";

    [Test]
    public async Task Its_migrations_make_what_ours_make()
    {
        var ours = await Server.CreateEmptyAsync();
        try
        {
            await using (var db = Server.Open(ours))
            {
                await db.Database.MigrateAsync();
            }

            await using var host = Host();
            await host.MigrateNexusDataAsync();

            // Where the sequence has a constraint the model has a unique index, of the same name and columns.
            Assert.That(
                (await Catalog.ReadAsync(ConnectionString)).Where(line => !line.Contains("orders", StringComparison.Ordinal)),
                Is.EquivalentTo((await Catalog.ReadAsync(ours)).Where(line => !UniqueConstraint().IsMatch(line))));
        }
        finally
        {
            await Server.DropAsync(ours);
        }
    }

    [Test]
    public async Task Its_migrations_are_taken_back_without_a_trace()
    {
        var before = await Catalog.ReadAsync(ConnectionString);
        await using var host = Host();
        await host.MigrateNexusDataAsync();
        await using var db = Shop(host);

        await db.Database.MigrateAsync("0");

        Assert.That(await Catalog.ReadAsync(ConnectionString), Is.EqualTo(before));
    }

    [Test]
    public async Task Its_script_may_be_run_twice()
    {
        await using var host = Host();
        await using var db = Shop(host);
        var script = db.GetService<IMigrator>().GenerateScript(options: MigrationsSqlGenerationOptions.Idempotent);

        await AdministerAsync(script);
        await AdministerAsync(script);

        Assert.That(await db.Database.GetPendingMigrationsAsync(), Is.Empty);
    }

    [Test]
    public async Task Services_record_link_and_list_on_its_tables()
    {
        await using var host = Host();
        await host.MigrateNexusDataAsync();
        var recorder = host.GetRequiredService<RequestRecorder>();
        await host.GetRequiredService<TrainService>().CreateAsync(new() { TrainId = "shop", Name = "Shop" }, "a@example.org");

        var first = await recorder.RecordAsync(Call(Body), new());
        var second = await recorder.RecordAsync(
            Call("""{"model":"m","messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi"},{"role":"user","content":"More"}]}"""),
            new());

        var page = await host.GetRequiredService<ConversationQueries>().ListAsync(new());
        Assert.Multiple(() =>
        {
            Assert.That(second.ConversationId, Is.EqualTo(first.ConversationId));
            Assert.That(page.Items.Single().RequestCount, Is.EqualTo(2));
        });
    }

    [Test]
    public async Task What_a_service_does_in_its_transaction_is_committed_with_it_or_not_at_all()
    {
        await using var host = Host();
        await host.MigrateNexusDataAsync();

        foreach (var isKept in new[] { false, true })
        {
            await using var db = Shop(host);
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.Add(new Order { Text = "A" });
            await db.SaveChangesAsync();
            await using (var nexus = db.JoinNexus())
            {
                await host.GetRequiredService<Users>().In(nexus).CreateAsync("ada", "correct horse battery");
            }

            await (isKept ? transaction.CommitAsync() : transaction.RollbackAsync());

            await using var read = Shop(host);
            Assert.Multiple(async () =>
            {
                Assert.That(await read.Set<Order>().CountAsync(), Is.EqualTo(isKept ? 1 : 0));
                Assert.That(await read.Set<User>().CountAsync(), Is.EqualTo(isKept ? 1 : 0));
            });
        }
    }

    [Test]
    public async Task Joining_makes_no_new_service_provider_each_time()
    {
        await using var host = Host();
        await host.MigrateNexusDataAsync();

        // EF throws at the twenty-first.
        for (var i = 0; i < 30; i++)
        {
            await using var db = Shop(host);
            await using var nexus = db.JoinNexus();
            Assert.That(await nexus.Trains.CountAsync(), Is.Zero);
        }
    }

    [Test]
    public async Task Health_status_and_doctor_go_by_its_migrations([Values] bool isOther)
    {
        await using var host = Host(isOther ? npgsql => npgsql.MigrationsHistoryTable("Shop History", "public") : null);
        var health = host.GetRequiredService<HealthCheckService>();
        var before = await health.CheckHealthAsync();
        var lacking = await host.GetRequiredService<Doctor>().RunAsync(["schema"]);
        await host.MigrateNexusDataAsync();

        var after = await health.CheckHealthAsync();
        var status = await host.GetRequiredService<DatabaseStatusReader>().ReadAsync();
        var checks = await host.GetRequiredService<Doctor>().RunAsync(["schema", "missing-indexes"]);

        Assert.Multiple(() =>
        {
            Assert.That(before.Entries["nexus-data-schema"].Status, Is.EqualTo(HealthStatus.Unhealthy));
            Assert.That(before.Entries["nexus-data-schema"].Description, Does.Contain("ShopDbContext").And.Not.Contain("nexus-data"));
            Assert.That(lacking.Single().Result.Remedy, Does.Contain("ShopDbContext").And.Not.Contain("nexus-data"));
            Assert.That(after.Entries["nexus-data-schema"].Status, Is.EqualTo(HealthStatus.Healthy));
            Assert.That(status, Has.Property(nameof(DatabaseStatus.Origin)).EqualTo(DatabaseOrigin.Ours));
            Assert.That(status.Pending.Concat(status.Unknown), Is.Empty);
            Assert.That(checks.Select(check => check.Result.Status), Is.All.EqualTo(CheckStatus.Ok));
        });
    }

    [Test]
    public async Task Our_own_migrations_keep_away_from_it()
    {
        await using var host = Host();
        await host.MigrateNexusDataAsync();
        await using var db = OpenContext();
        await using var ours = new ServiceCollection().AddLogging().AddNexusData(ConnectionString).BuildServiceProvider();
        var check = (await ours.GetRequiredService<Doctor>().RunAsync(["schema"])).Single();

        Assert.Multiple(() =>
        {
            Assert.That(
                () => db.Database.MigrateAsync(),
                Throws.TypeOf<NexusDataException>().With.Message.Contains(ShopInitial.Id).And.Message.Contains("Nothing was changed"));
            Assert.That(check.Result.Remedy, Does.Contain(ShopInitial.Id).And.Not.Contain("nexus-data migrate"));
        });
    }

    // Its first migration, of before, is in the history that it shares with ours.
    [Test]
    public async Task It_keeps_away_from_tables_that_our_migrations_keep()
    {
        await using var db = OpenContext();
        await db.Database.MigrateAsync();
        await AdministerAsync($"""INSERT INTO "__EFMigrationsHistory" VALUES ('{LateOrders.Id}', '10.0.14')""");
        await using var source = Source();
        var builder = new DbContextOptionsBuilder<LateDbContext>();
        Use(builder, source);
        await using var late = new LateDbContext(builder.Options);

        Assert.That(
            () => late.Database.MigrateAsync(),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("20250101000021_AddChats").And.Message.Contains("kept by other migrations"));
    }

    [Test]
    public async Task A_context_that_lacks_a_part_is_told_which()
    {
        await using var source = Source();
        await using var plain = new ServiceCollection().AddDbContextFactory<ShopDbContext>(builder => builder.UseNpgsql(source))
            .AddNexusData<ShopDbContext>(_ => source).BuildServiceProvider();
        await using var bare = new ServiceCollection().AddDbContextFactory<BareDbContext>(builder => Use(builder, source))
            .AddNexusData<BareDbContext>(_ => source).BuildServiceProvider();

        Assert.Multiple(() =>
        {
            Assert.That(() => plain.MigrateNexusDataAsync(), Throws.InvalidOperationException.With.Message.Contains("UseNexus()"));
            Assert.That(() => bare.MigrateNexusDataAsync(), Throws.InvalidOperationException.With.Message.Contains("ApplyNexusModel()"));
        });
    }

    [Test]
    public async Task A_data_source_is_asked_for_once()
    {
        var asked = 0;
        await using var source = Source();
        await using var provider = new ServiceCollection().AddLogging()
            .AddNexusData(_ =>
            {
                asked++;
                return source;
            })
            .BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();

        await provider.MigrateNexusDataAsync();

        Assert.That(asked, Is.EqualTo(1));
    }

    [Test]
    public async Task A_history_that_is_shared_with_another_context_is_no_newer_version()
    {
        await AdministerAsync(
            """
            CREATE TABLE "__EFMigrationsHistory" ("MigrationId" varchar(150) PRIMARY KEY, "ProductVersion" varchar(32) NOT NULL);
            INSERT INTO "__EFMigrationsHistory" VALUES ('20240506070809_Orders', '10.0.14');
            """);
        await using var provider = new ServiceCollection().AddNexusData(ConnectionString).BuildServiceProvider();

        await provider.MigrateNexusDataAsync();

        var status = await provider.GetRequiredService<DatabaseStatusReader>().ReadAsync();
        Assert.That(status.Pending.Concat(status.Unknown), Is.Empty);
    }

    [Test]
    public async Task Its_migrations_may_be_seeded()
    {
        await using var source = Source();
        var builder = new DbContextOptionsBuilder<ShopDbContext>();
        Use(builder, source).UseNexusSeeding(environment: "Development");
        await using var db = new ShopDbContext(builder.Options);

        await db.Database.MigrateAsync();

        Assert.That(await db.Set<User>().CountAsync(), Is.EqualTo(5));
    }

    [Test]
    public void A_connection_string_and_a_data_source_are_one_too_many()
    {
        using var source = Source();
        using var both = new ServiceCollection().AddNexusData("Host=nowhere").AddNexusData(_ => source).BuildServiceProvider();
        using var none = new ServiceCollection().AddNexusData(_ => { }).BuildServiceProvider();

        Assert.Multiple(() =>
        {
            Assert.That(() => both.GetRequiredService<IDbContextFactory<NexusDbContext>>(), Throws.Exception.With.Message.Contains("give one of them"));
            Assert.That(() => none.GetRequiredService<IDbContextFactory<NexusDbContext>>(), Throws.Exception.With.Message.Contains("give one of them"));
        });
    }

    [GeneratedRegex("^constraint .* UNIQUE ")]
    private static partial Regex UniqueConstraint();

    private static RecordedRequest Call(string body)
        => new() { RequestId = Guid.CreateVersion7(), TrainId = "shop", Timestamp = DateTimeOffset.UtcNow, Body = System.Text.Encoding.UTF8.GetBytes(body) };

    private NpgsqlDataSource Source()
    {
        var builder = new NpgsqlDataSourceBuilder(ConnectionString);
        builder.UseNexusTypes();
        return builder.Build();
    }

    private static DbContextOptionsBuilder Use(
        DbContextOptionsBuilder builder, NpgsqlDataSource source, Action<NpgsqlDbContextOptionsBuilder>? more = null)
        => builder
            .UseNexus(source, npgsql =>
            {
                npgsql.MigrationsAssembly(typeof(ShopInitial).Assembly.GetName().Name);
                more?.Invoke(npgsql);
            })

            // A snapshot is scaffolded by a tool; the packages' tests have one.
            .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));

    private ServiceProvider Host(Action<NpgsqlDbContextOptionsBuilder>? more = null)
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(Source())
            .AddDbContextFactory<ShopDbContext>((provider, builder) => Use(builder, provider.GetRequiredService<NpgsqlDataSource>(), more))
            .AddNexusData<ShopDbContext>(provider => provider.GetRequiredService<NpgsqlDataSource>());
        services.AddHealthChecks().AddNexusData();
        return services.BuildServiceProvider();
    }

    private static ShopDbContext Shop(ServiceProvider host)
        => host.GetRequiredService<IDbContextFactory<ShopDbContext>>().CreateDbContext();

    private sealed class ShopDbContext(DbContextOptions<ShopDbContext> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.ApplyNexusModel();
            modelBuilder.Entity<Order>().ToTable("orders");
        }
    }

    private sealed class BareDbContext(DbContextOptions<BareDbContext> options) : DbContext(options);

    /// <summary>A context that gets the Nexus tables with its second migration.</summary>
    private sealed class LateDbContext(DbContextOptions<LateDbContext> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.ApplyNexusModel();
            modelBuilder.Entity<Order>().ToTable("orders");
        }
    }

    [DbContext(typeof(LateDbContext))]
    [Migration(Id)]
    private sealed class LateOrders : Migration
    {
        public const string Id = "20240101000000_Orders";

        protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("CREATE TABLE orders ()");
    }

    [DbContext(typeof(LateDbContext))]
    [Migration("20261122123456_AddNexus")]
    private sealed class LateNexus : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder)
            => migrationBuilder.Operations.AddRange(ShopInitial.Differences((differ, model) => differ.GetDifferences(null, model)));
    }

    private sealed class Order
    {
        public int Id { get; set; }

        public required string Text { get; set; }
    }

    /// <summary>What <c>dotnet ef migrations add</c> writes for this context, without writing it.</summary>
    [DbContext(typeof(ShopDbContext))]
    [Migration(Id)]
    private sealed class ShopInitial : Migration
    {
        public const string Id = "20261122123456_Initial";

        protected override void Up(MigrationBuilder migrationBuilder)
            => migrationBuilder.Operations.AddRange(Differences((differ, model) => differ.GetDifferences(null, model)));

        protected override void Down(MigrationBuilder migrationBuilder)
            => migrationBuilder.Operations.AddRange(Differences((differ, model) => differ.GetDifferences(model, null)));

        public static IReadOnlyList<Microsoft.EntityFrameworkCore.Migrations.Operations.MigrationOperation> Differences(
            Func<IMigrationsModelDiffer, IRelationalModel, IReadOnlyList<Microsoft.EntityFrameworkCore.Migrations.Operations.MigrationOperation>> compare)
        {
            using var source = NpgsqlDataSource.Create("Host=nowhere");
            var builder = new DbContextOptionsBuilder<ShopDbContext>();
            Use(builder, source);
            using var db = new ShopDbContext(builder.Options);
            return compare(db.GetService<IMigrationsModelDiffer>(), db.GetService<IDesignTimeModel>().Model.GetRelationalModel());
        }
    }
}
