using Nexus.Data.Operations.Diagnosis;
using Npgsql;

namespace Nexus.Data.Tests.Operations.Diagnosis;

[Category("ServerVersions")]
public sealed class DeadRowCheckTests : CheckTest
{
    private const string Fill =
        """
        ALTER TABLE model_prices SET (autovacuum_enabled = false);
        INSERT INTO model_prices (model, valid_from, input_price, output_price, cache_creation_price, cache_read_price)
        SELECT 'model ' || n, '2026-01-01', 1, 1, 1, 1 FROM generate_series(1, 40000) n
        """;

    private const string Rows = "pg_stat_user_tables WHERE relname = 'model_prices' AND ";

    [Test]
    public async Task Dead_rows_are_a_warning_that_names_who_holds_vacuum_back()
    {
        await AdministerUntilAsync(Fill, $"{Rows} n_live_tup = 40000");
        await AdministerAsync("VACUUM (ANALYZE) model_prices");
        var before = await RunAsync(new DeadRowCheck());
        await using var holder = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(await AdministratorAsync()) { ApplicationName = "night report", Pooling = false }
                .ConnectionString);
        await holder.OpenAsync();
        var pid = holder.ProcessID;
        await using var transaction = await holder.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using (var look = new NpgsqlCommand("SELECT 'a secret' FROM trains", holder, transaction))
        {
            await look.ExecuteNonQueryAsync();
        }

        await AdministerUntilAsync("DELETE FROM model_prices WHERE right(model, 1) <> '7'", $"{Rows} n_dead_tup = 36000");
        await AdministerAsync("VACUUM (ANALYZE) model_prices");
        var asService = await RunAsync(new DeadRowCheck { Long = TimeSpan.Zero });
        var asServiceByAge = await RunAsync(new DeadRowCheck { Far = 1 });
        var asAdministrator = await RunAsync(new DeadRowCheck { Long = TimeSpan.Zero }, await AdministratorAsync());
        var young = await RunAsync(new DeadRowCheck(), await AdministratorAsync());
        await AdministerAsync(StatementsOf(asAdministrator.Details[0]).Single());
        await VacuumAsync("model_prices");
        await AdministerUntilAsync("SELECT 1", $"{Rows} n_dead_tup = 0");
        var after = await RunAsync(new DeadRowCheck());

        Assert.Multiple(() =>
        {
            Assert.That(before.Status, Is.EqualTo(CheckStatus.Ok), before.Finding);
            Assert.That(
                new[] { asService, asServiceByAge, asAdministrator, young }.Select(result => result.Status),
                Is.All.EqualTo(CheckStatus.Warning));
            Assert.That(asAdministrator.Finding, Is.EqualTo("1 tables hold 36,000 dead rows; 1 hold vacuum back."));
            Assert.That(
                asAdministrator.Details[0],
                Does.Match($@"^Session {pid} \(night report\) holds vacuum back since 20\d\d-\d\d-\d\d \d\d:\d\d UTC, \d+ transactions: SELECT pg_terminate_backend\({pid}\);$"));
            Assert.That(
                asAdministrator.Details[1],
                Does.Match(@"^model_prices: 36,000 dead rows beside 4,000, last vacuum 20\S+ \S+ UTC, autovacuum is off: VACUUM \(ANALYZE\) model_prices;$"));
            Assert.That(asAdministrator.Remedy, Does.StartWith("First end what holds vacuum back"));
            Assert.That(asServiceByAge.Details[0], Does.Contain("(night report)").And.Contain("since an unknown time"));
            Assert.That(asService.Details, Has.Count.EqualTo(1));
            Assert.That(young.Details, Has.Count.EqualTo(1), "A transaction that is young holds nothing that matters.");
            Assert.That(young.Remedy, Does.Contain("see why autovacuum does not get to it"));
            Assert.That(asAdministrator.Details, Has.None.Contains("secret"), "The text of a query is nobody's business.");
            Assert.That(after.Status, Is.EqualTo(CheckStatus.Ok), after.Finding);
        });
    }

    [TestCase(1_000_000, 0.2)]
    [TestCase(20_000, 0.95)]
    public async Task Few_dead_rows_or_a_small_part_are_left_alone(long few, double part)
    {
        await AdministerUntilAsync(
            $"{Fill}; ANALYZE model_prices; DELETE FROM model_prices WHERE right(model, 1) <> '7'", $"{Rows} n_dead_tup = 36000");

        var result = await RunAsync(new DeadRowCheck { FewRows = few, UsualPart = part });

        Assert.That(result.Status, Is.EqualTo(CheckStatus.Ok), result.Finding);
        Assert.That((await RunAsync(new DeadRowCheck())).Status, Is.EqualTo(CheckStatus.Warning));
    }

    [Test]
    public async Task A_table_that_was_never_analyzed_is_a_warning()
    {
        await AdministerUntilAsync(Fill, $"{Rows} n_live_tup = 40000");

        var result = await RunAsync(new DeadRowCheck());
        await AdministerAsync(result.Details.Single().Split("off: ")[1]);

        Assert.That(result.Status, Is.EqualTo(CheckStatus.Warning));
        Assert.That(result.Finding, Is.EqualTo("1 tables were never analyzed, so that plans are guesses."));
        Assert.That(
            result.Details,
            Is.EqualTo(["model_prices: 40,000 rows, last vacuum unknown, never analyzed, autovacuum is off: VACUUM (ANALYZE) model_prices;"]));
        Assert.That((await RunAsync(new DeadRowCheck())).Status, Is.EqualTo(CheckStatus.Ok));
    }

    [Test]
    public async Task Transaction_numbers_that_are_not_frozen_in_time_are_a_warning()
    {
        var well = await RunAsync(new DeadRowCheck());
        var old = await RunAsync(new DeadRowCheck { FreezePart = 0 });

        Assert.That(well.Details.Single(), Does.Match(@"^The oldest transaction number is [\d,]+ old of 200,000,000\.$"));
        Assert.That(old.Status, Is.EqualTo(CheckStatus.Warning));
        Assert.That(old.Finding, Does.StartWith("The oldest transaction number is").And.Contain("of 200,000,000"));
        Assert.That(old.Details, Has.Some.Contains("VACUUM (FREEZE);"));
    }
}
