using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Operations.Diagnosis;

public sealed class DoctorTests : DatabaseTest
{
    [Test]
    public async Task A_database_that_is_well_has_no_finding()
    {
        var reports = await RunAsync();

        Assert.That(reports.Select(report => (report.Name, report.Result.Status)), Is.EqualTo(new[]
        {
            ("schema", CheckStatus.Ok), ("unlinked-requests", CheckStatus.Ok), ("stuck-analyses", CheckStatus.Ok),
            ("totals", CheckStatus.Ok), ("message-feed", CheckStatus.Ok), ("invalid-indexes", CheckStatus.Ok),
            ("missing-indexes", CheckStatus.Ok), ("unused-indexes", CheckStatus.Ok), ("dead-rows", CheckStatus.Ok),
            ("memory", CheckStatus.Ok), ("role-rights", CheckStatus.Ok),
            ("stored-secrets", CheckStatus.Ok), ("clear-secrets", CheckStatus.Ok),
        }));
        Assert.That(reports.Select(report => report.Result.Remedy), Is.All.Null);
    }

    [TestCase(NexusRole.Migration)]
    [TestCase(NexusRole.Read, "clear-secrets")]
    [TestCase(NexusRole.Backup)]
    public async Task Every_role_can_ask_and_is_told_what_it_may_not_see(NexusRole role, params string[] unseen)
    {
        await using var provider = new ServiceCollection()
            .AddNexusData(Server.As(role, ConnectionString)).BuildServiceProvider();

        var reports = await provider.GetRequiredService<Doctor>().RunAsync();

        var skipped = reports.Where(report => report.Result.Status != CheckStatus.Ok).ToList();
        Assert.That(skipped.Select(report => report.Result.Status), Is.All.EqualTo(CheckStatus.Skipped));
        Assert.That(skipped.Select(report => report.Result.Finding), Is.All.StartsWith("It needs a right"));
        Assert.That(skipped.Select(report => report.Name), Is.EqualTo(unseen));
    }

    [Test]
    public async Task A_schema_that_is_behind_is_an_error_that_names_what_is_missing()
    {
        await AdministerAsync("""DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" LIKE '20250101000017%'""");

        var result = await RunAsync("schema");

        Assert.That(result.Status, Is.EqualTo(CheckStatus.Error));
        Assert.That(result.Details.Single(), Does.StartWith("20250101000017"));
        Assert.That(result.Remedy, Does.Contain("nexus-data migrate"));
    }

    [Test]
    public async Task A_schema_of_a_newer_version_is_a_warning()
    {
        await AdministerAsync("""INSERT INTO "__EFMigrationsHistory" VALUES ('20250101000099_Later', '10.0.0')""");

        Assert.That((await RunAsync("schema")).Status, Is.EqualTo(CheckStatus.Warning));
    }

    [Test]
    public async Task An_index_that_was_left_invalid_is_an_error_that_names_it()
    {
        await AdministerAsync("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_requests_retry_of'::regclass");

        var result = await RunAsync("invalid-indexes");

        Assert.That(result.Status, Is.EqualTo(CheckStatus.Error));
        Assert.That(result.Details.Single(), Is.EqualTo("idx_requests_retry_of of api_requests"));
    }

    [TestCase(2, CheckStatus.Warning)]
    [TestCase(0, CheckStatus.Ok)]
    public async Task Requests_that_wait_longer_than_a_sweep_takes_are_a_warning(int hours, CheckStatus status)
    {
        await using (var db = OpenContext())
        {
            for (var i = 0; i < 3; i++)
            {
                db.Add(new ApiRequest
                {
                    RequestId = Guid.CreateVersion7(),
                    TrainId = Bodies.Train,
                    Timestamp = DateTimeOffset.UtcNow.AddHours(-hours),
                    Method = "POST",
                    Path = "/v1/messages",
                    UnlinkedBecause = "A test.",
                });
            }

            await db.SaveChangesAsync();
        }

        var result = await RunAsync("unlinked-requests");

        Assert.That(result.Status, Is.EqualTo(status));
        Assert.That(result.Finding, Does.StartWith("3 requests wait"));
        Assert.That(result.Details, Has.Count.EqualTo(status == CheckStatus.Ok ? 0 : 1));
    }

    [TestCase("lease_expires_at = now() - interval '1 second'", CheckStatus.Warning, "1 are stuck", "analyses retry --stuck")]
    [TestCase("lease_expires_at = now() + interval '1 hour'", CheckStatus.Ok, "No analysis is stuck", null)]
    [TestCase("status = 'pending', due_at = now() - interval '2 hours'", CheckStatus.Warning, "1 wait for more than an hour", "workers")]
    [TestCase("status = 'pending', due_at = now() - interval '1 minute'", CheckStatus.Ok, "No analysis is stuck", null)]
    [TestCase("status = 'failed'", CheckStatus.Ok, "1 failed", null)]
    public async Task Analyses_that_nobody_finishes_are_a_warning_and_failed_ones_are_told(
        string assignments, CheckStatus status, string finding, string? remedy)
    {
        await AdministerAsync(
            "INSERT INTO conversation_analyses (conversation_id, status) VALUES (gen_random_uuid(), 'processing');"
            + $"UPDATE conversation_analyses SET {assignments}");

        var result = await RunAsync("stuck-analyses");

        Assert.That(result.Status, Is.EqualTo(status));
        Assert.That(result.Finding, Does.Contain(finding));
        Assert.That(result.Remedy, remedy is null ? Is.Null : Does.Contain(remedy));
    }

    [Test]
    public async Task Without_the_right_a_check_is_skipped_and_says_which()
    {
        await AdministerAsync(
            $"REVOKE ALL ON api_requests FROM \"{new NpgsqlConnectionStringBuilder(ConnectionString).Username}\"");

        var reports = await RunAsync();

        var unlinked = reports.Single(report => report.Name == "unlinked-requests").Result;
        Assert.That(unlinked.Status, Is.EqualTo(CheckStatus.Skipped));
        Assert.That(unlinked.Finding, Does.Contain("needs a right").And.Contain("api_requests"));
        Assert.That(reports.Single(report => report.Name == "invalid-indexes").Result.Status, Is.EqualTo(CheckStatus.Ok));
    }

    [Test]
    public async Task A_check_that_does_not_end_or_has_to_wait_is_skipped()
    {
        await using var holder = new NpgsqlConnection(await AdministratorAsync());
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("LOCK TABLE api_requests", holder, transaction);
        await command.ExecuteNonQueryAsync();
        var contexts = new Contexts(ConnectionString);
        var doctor = new Doctor(
            contexts,
            [
                new Check("slow", (db, token) => db.Database.ExecuteSqlRawAsync("SELECT pg_sleep(60)", token)),
                new Check("slower", (_, token) => Task.Delay(TimeSpan.FromMinutes(1), token)),
                new Check("held", (db, token) => db.Database.ExecuteSqlRawAsync("SELECT 1 FROM api_requests", token)),
                new Check("behind", (db, token) => db.Database.ExecuteSqlRawAsync("SELECT 1 FROM no_such_table", token)),
                new Check("fine", (_, _) => Task.CompletedTask),
            ])
        {
            Limit = TimeSpan.FromMilliseconds(500),
        };

        var reports = await doctor.RunAsync();

        Assert.That(
            string.Join('\n', reports.Select(report => $"{report.Name} {report.Result.Status}: {report.Result.Finding}")),
            Is.EqualTo(
                """
                slow Skipped: It did not end within 0.5 seconds.
                slower Skipped: It did not end within 0.5 seconds.
                held Skipped: Somebody holds what it has to read, as a migration does.
                behind Skipped: The schema has not what it looks at: relation "no_such_table" does not exist.
                fine Ok: Fine.
                """.ReplaceLineEndings("\n")));
    }

    [Test]
    public async Task A_check_may_not_write()
    {
        var doctor = new Doctor(
            new Contexts(ConnectionString),
            [new Check("writer", (db, token) => db.ExecuteAsync("DELETE FROM trains", [], token))]);

        Assert.That(
            () => doctor.RunAsync(),
            Throws.InstanceOf<PostgresException>().With.Property(nameof(PostgresException.SqlState)).EqualTo("25006"));
    }

    [Test]
    public async Task A_host_adds_checks_of_its_own()
    {
        var services = new ServiceCollection().AddNexusData(ConnectionString);
        services.AddSingleton<IDatabaseCheck>(new Check("own", (_, _) => Task.CompletedTask));
        await using var provider = services.BuildServiceProvider();
        var doctor = provider.GetRequiredService<Doctor>();

        var reports = await doctor.RunAsync(["own"]);

        Assert.That(doctor.Checks.Select(check => check.Name), Does.Contain("own").And.Contain("schema"));
        Assert.That(reports.Single().Result.Finding, Is.EqualTo("Fine."));
        Assert.That(
            () => doctor.RunAsync(["nonsense"]),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("no check 'nonsense'"));
    }

    private async Task<IReadOnlyList<CheckReport>> RunAsync()
    {
        await using var provider = new ServiceCollection().AddNexusData(ConnectionString).BuildServiceProvider();
        return await provider.GetRequiredService<Doctor>().RunAsync();
    }

    private async Task<CheckResult> RunAsync(string check)
    {
        await using var provider = new ServiceCollection().AddNexusData(ConnectionString).BuildServiceProvider();
        return (await provider.GetRequiredService<Doctor>().RunAsync([check])).Single().Result;
    }

    private sealed class Check(string name, Func<NexusDbContext, CancellationToken, Task> look) : IDatabaseCheck
    {
        public string Name => name;

        public string Purpose => "A test's.";

        public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
        {
            await look(db, cancellationToken);
            return CheckResult.Ok("Fine.");
        }
    }
}
