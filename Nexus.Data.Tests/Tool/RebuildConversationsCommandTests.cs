using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Embedded;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

public sealed class RebuildConversationsCommandTests : DatabaseTest
{
    [Test]
    public async Task Without_execute_it_says_what_would_change_and_changes_nothing()
    {
        await ImportDamagedAsync();

        var run = await RunAsync("rebuild-conversations", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Json.GetProperty("executed").GetBoolean(), Is.False);
        Assert.That(run.Json.GetProperty("changed_requests").GetInt32(), Is.EqualTo(await DamagedAsync()));
        Assert.That(await DamagedAsync(), Is.GreaterThan(0));
    }

    [Test]
    public async Task With_execute_it_asks_for_the_name_of_the_database()
    {
        await ImportDamagedAsync();
        var name = new NpgsqlConnectionStringBuilder(ConnectionString).Database!;
        string[] arguments = ["rebuild-conversations", "--execute", "--connection", ConnectionString];

        var refused = await ToolRun.RunAsync(arguments, input: "yes\n");
        var damaged = await DamagedAsync();
        var run = await ToolRun.RunAsync(arguments, input: name + "\n");

        Assert.That(refused.ExitCode, Is.EqualTo(ExitCode.Refused));
        Assert.That(refused.Error, Does.Contain($"{damaged:N0} of 125 requests").And.Contain("pg_dump"));
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain($"{damaged:N0} requests were changed"));
        Assert.That(await DamagedAsync(), Is.Zero);
    }

    [Test]
    [NeedsDump]
    public async Task With_backup_the_database_is_in_the_file_as_it_was()
    {
        await ImportDamagedAsync();
        var damaged = await DamagedAsync();
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.dump");
        string[] arguments = ["rebuild-conversations", "--execute", "--yes", "--backup", file];
        try
        {
            // The application's role may not read all that belongs into a backup.
            var refused = await RunAsync(arguments);
            var isLeft = File.Exists(file);
            var run = await ToolRun.RunAsync([.. arguments, "--connection", await AdministratorAsync()]);
            var again = await ToolRun.RunAsync([.. arguments, "--connection", await AdministratorAsync()]);

            Assert.That((refused.ExitCode, isLeft), Is.EqualTo((ExitCode.CheckFailed, false)));
            Assert.That(refused.Error, Does.Contain("permission denied"));
            Assert.That(run.ExitCode, Is.Zero, run.All);
            Assert.That(await DamagedAsync(), Is.Zero);
            Assert.That(await RestoredDamagedAsync(file), Is.EqualTo(damaged));
            Assert.That(again.ExitCode, Is.Not.Zero);
            Assert.That(again.Error, Does.Contain("is there already"));
            if (!OperatingSystem.IsWindows())
            {
                Assert.That(File.GetUnixFileMode(file), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public async Task Without_its_backup_nothing_is_changed()
    {
        await ImportDamagedAsync();
        var damaged = await DamagedAsync();

        var run = await RunAsync(
            "rebuild-conversations", "--execute", "--yes", "--backup", Path.Combine(Path.GetTempPath(), "no-folder", "x.dump"));
        var dry = await RunAsync("rebuild-conversations", "--backup", "x.dump");

        Assert.That(run.ExitCode, Is.Not.Zero);
        Assert.That(run.Error, Does.Contain("no-folder"));
        Assert.That(await DamagedAsync(), Is.EqualTo(damaged));
        Assert.That(dry.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
    }

    [Test]
    public async Task One_train_some_requests_or_a_few_may_be_changed()
    {
        await ImportDamagedAsync();
        var damaged = await DamagedAsync();
        await using var db = OpenContext();
        var one = await db.Requests.Where(row => row.BranchId == "damaged").Select(row => row.RequestId).FirstAsync();

        var named = await RunAsync("rebuild-conversations", "--execute", "--yes", "--requests", $" {one}, ");
        Assert.That(named.ExitCode, Is.Zero, named.Error);
        Assert.That(await DamagedAsync(), Is.EqualTo(damaged - 1));

        var few = await RunAsync(
            "db:rebuild-conversations", "--execute", "--yes", "--limit", "2", "--domain", "rail-club");
        Assert.That(few.ExitCode, Is.Zero, few.Error);
        Assert.That(few.Error, Does.Contain("deprecated"));
        Assert.That(await DamagedAsync(), Is.EqualTo(damaged - 3));
    }

    [TestCase(ExitCode.WrongUsage, "--limit", "0")]
    [TestCase(ExitCode.WrongUsage, "--limit", "many")]
    [TestCase(ExitCode.WrongUsage, "--requests", " , ")]
    [TestCase(ExitCode.WrongUsage, "--requests", "abc")]
    [TestCase(ExitCode.CheckFailed, "--train-id", "no-club")]
    public async Task What_makes_no_sense_is_refused(int exitCode, string option, string value)
    {
        var run = await RunAsync("rebuild-conversations", option, value);

        Assert.That(run.ExitCode, Is.EqualTo(exitCode), run.All);
        Assert.That(run.Error, Is.Not.Empty);
    }

    private async Task ImportDamagedAsync()
    {
        await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"));
        await using var db = OpenContext();
        await db.Database.ExecuteSqlAsync(
            $"UPDATE api_requests SET branch_id = 'damaged' WHERE link_kind = 'exact'");
    }

    // Reads the rows out of the file as SQL, without a second database.
    private static async Task<int> RestoredDamagedAsync(string file)
    {
        using var process = Process.Start(new ProcessStartInfo(
            PostgresProgram.PathOf("pg_restore"), ["--file=-", "--data-only", "--table=api_requests", file])
        {
            RedirectStandardOutput = true,
        })!;
        var sql = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return sql.Split('\n').Count(line => line.Split('\t').Contains("damaged"));
    }

    private async Task<int> DamagedAsync()
    {
        await using var db = OpenContext();
        return await db.Requests.CountAsync(row => row.BranchId == "damaged");
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);
}
