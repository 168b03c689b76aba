using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Nexus.Data.Persistence.Migrations;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Migrations;

/// <summary>What <c>dotnet ef migrations add</c> writes for a context with the Nexus model and tables of its own, and the SQL of it.</summary>
public sealed class HostMigrationTests : EmptyDatabaseTest
{
    [Test]
    public void The_first_one_is_done_as_a_whole_or_not_at_all()
        => Assert.That(Commands<Plain>(Between<Nothing, Plain>()).Select(command => command.TransactionSuppressed), Is.All.False);

    [Test]
    public void An_index_on_a_table_that_is_there_is_built_while_others_write()
        => Assert.That(
            Commands<Plain>(Between<Lacking, Plain>()).Where(command => command.TransactionSuppressed).Select(command => command.CommandText),
            Has.Some.Contains("INDEX CONCURRENTLY"));

    // What Npgsql's concurrency token is.
    [Test]
    public void A_column_that_each_table_has_by_itself_is_neither_added_nor_dropped()
        => Assert.Multiple(() =>
        {
            Assert.That(Between<Plain, Versioned>().OfType<AddColumnOperation>().Single().Name, Is.EqualTo("xmin"));
            Assert.That(Commands<Versioned>(Between<Plain, Versioned>()), Is.Empty);
            Assert.That(Commands<Plain>(Between<Versioned, Plain>()), Is.Empty);
        });

    [Test]
    public async Task A_text_of_two_lines_stays_as_it_is()
    {
        await ExecuteAsync<Texts>(Between<Nothing, Texts>());

        await AdministerAsync("INSERT INTO orders (id) VALUES (1)");

        Assert.That(await ReadAsync("SELECT text || obj_description('orders'::regclass) AS \"Value\" FROM orders"), Is.EqualTo("it's\nAFirst.\nIt's second."));
    }

    [Test]
    public async Task A_type_has_the_labels_of_the_migration_that_makes_it_in_their_own_order()
    {
        var operation = new AlterDatabaseOperation();
        operation["Npgsql:Enum:conversation_analysis_status"] = "completed,pending,zeta";

        await ExecuteAsync<Plain>([operation]);

        Assert.That(
            await ReadAsync("SELECT enum_range(NULL::conversation_analysis_status)::text AS \"Value\""), Is.EqualTo("{pending,completed,zeta}"));
    }

    // The view reads columns that the operations may change.
    [Test]
    public async Task What_no_model_describes_goes_before_a_later_versions_changes_and_comes_after_them()
    {
        await ExecuteAsync<Plain>(Between<Nothing, Plain>());
        var before = await Catalog.ReadAsync(ConnectionString);
        await AdministerAsync("DROP FUNCTION refresh_hourly_stats(); DROP MATERIALIZED VIEW hourly_stats; CREATE MATERIALIZED VIEW hourly_stats AS SELECT train_id FROM api_requests");

        var operations = Between<Earlier, Plain>();
        operations = [operations[0], new SqlOperation { Sql = "ALTER TABLE api_requests ALTER COLUMN train_id TYPE varchar(255);" }, .. operations.Skip(1)];
        await ExecuteAsync<Plain>(operations);

        Assert.That(await Catalog.ReadAsync(ConnectionString), Is.EquivalentTo(before));
    }

    [Test]
    public async Task The_way_back_to_an_earlier_version_of_it_is_refused()
    {
        await ExecuteAsync<Plain>(Between<Nothing, Plain>());

        Assert.That(
            () => ExecuteAsync<Plain>(Between<Plain, Earlier>()), Throws.Exception.With.Message.Contains("is not taken back"));
    }

    [Test]
    public async Task Who_takes_the_model_out_can_put_it_in_again()
    {
        await ExecuteAsync<Plain>(Between<Nothing, Plain>());
        var before = await Catalog.ReadAsync(ConnectionString);
        await ExecuteAsync<Without>(Between<Plain, Without>());
        var between = await Catalog.ReadAsync(ConnectionString);

        await ExecuteAsync<Plain>(Between<Without, Plain>());

        Assert.Multiple(async () =>
        {
            Assert.That(between, Has.None.Contains("api_requests").And.None.Contains("conversation_analysis_status"));
            Assert.That(await Catalog.ReadAsync(ConnectionString), Is.EquivalentTo(before));
        });
    }

    private static List<MigrationOperation> Between<TBefore, TAfter>()
        where TBefore : DbContext, new()
        where TAfter : DbContext, new()
    {
        using var before = new TBefore();
        using var after = new TAfter();
        return [.. after.GetService<IMigrationsModelDiffer>().GetDifferences(
            before is Nothing ? null : before.GetService<IDesignTimeModel>().Model.GetRelationalModel(),
            after.GetService<IDesignTimeModel>().Model.GetRelationalModel())];
    }

    private static IReadOnlyList<MigrationCommand> Commands<T>(IReadOnlyList<MigrationOperation> operations)
        where T : DbContext, new()
    {
        using var db = new T();
        return db.GetService<IMigrationsSqlGenerator>().Generate(operations, db.GetService<IDesignTimeModel>().Model);
    }

    private async Task ExecuteAsync<T>(IReadOnlyList<MigrationOperation> operations)
        where T : DbContext, new()
        => await AdministerAsync(string.Join('\n', Commands<T>(operations).Select(command => command.CommandText)));

    private async Task<string> ReadAsync(string sql)
    {
        await using var db = OpenContext();
        return await db.Database.SqlQueryRaw<string>(sql).SingleAsync();
    }

    private class Without : DbContext
    {
        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder)
            => optionsBuilder.UseNexus("Host=nowhere", npgsql => npgsql.MigrationsAssembly("Nowhere"));

        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Order>(order =>
            {
                order.ToTable("orders");
                order.Property(row => row.Id).HasColumnName("id").ValueGeneratedNever();
            });
    }

    private sealed class Nothing : Without;

    private class Plain : Without
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            base.OnModelCreating(modelBuilder);
            modelBuilder.ApplyNexusModel();
        }
    }

    private sealed class Lacking : Plain
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            base.OnModelCreating(modelBuilder);
            var requests = modelBuilder.Entity<ApiRequest>().Metadata;
            requests.RemoveIndex(requests.GetIndexes().First(index => index.IsCreatedConcurrently() is true));
        }
    }

    private sealed class Versioned : Plain
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            base.OnModelCreating(modelBuilder);
            modelBuilder.Entity<Order>().Property<uint>("Version").IsRowVersion();
        }
    }

    private sealed class Texts : Plain
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            base.OnModelCreating(modelBuilder);
            modelBuilder.Entity<Order>(order =>
            {
                order.ToTable(table => table.HasComment("First.\nIt's second."));
                order.Property<string>("Text").HasColumnName("text").HasDefaultValue("it's\nA");
            });
        }
    }

    // As a version was whose statements are not those of today.
    private sealed class Earlier : Plain
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            base.OnModelCreating(modelBuilder);
            modelBuilder.HasAnnotation(SchemaExtras.Annotation, "earlier");
        }
    }

    private sealed class Order
    {
        public int Id { get; set; }
    }
}
