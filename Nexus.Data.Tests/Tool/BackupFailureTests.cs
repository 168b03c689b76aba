using System.Diagnostics;
using System.Globalization;
using System.Text;
using Nexus.Data.Tests.Embedded;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

/// <summary>What goes wrong while a backup is written or restored: it is refused with a sentence, and nothing is half done.</summary>
[Category("Crash")]
[Platform(Exclude = "Win", Reason = "Signals, limits and file systems are those of Unix.")]
public sealed class BackupFailureTests : BackupTest
{
    private static readonly string[][] _kinds = [[], ["--no-secrets"], ["--since", "2000-01-01"]];

    // A limit of the process, which a full disk is like: anybody may set it.
    [TestCaseSource(nameof(_kinds))]
    [NeedsDump]
    public async Task A_file_that_may_not_grow_is_refused_and_nothing_is_left(params string[] kind)
    {
        await FillLargeAsync();

        using var tool = await StartToolAsync("trap '' XFSZ; ulimit -f 64; ", ["backup", File("nexus.dump"), .. kind]);
        var error = await tool.StandardError.ReadToEndAsync();
        await tool.WaitForExitAsync();

        Assert.That(tool.ExitCode, Is.EqualTo(ExitCode.CheckFailed), error);
        Assert.That(error.ToLowerInvariant(), Does.Contain("too large"));
        Assert.That(Directory.EnumerateFileSystemEntries(Folder), Is.Empty);
    }

    [TestCaseSource(nameof(_kinds))]
    [NeedsDump]
    public async Task A_full_disk_is_refused_and_nothing_is_left(params string[] kind)
    {
        await FillLargeAsync();
        var disk = Directory.CreateDirectory(File("disk")).FullName;
        if (!OperatingSystem.IsLinux() || await CallAsync("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk) != 0)
        {
            Assert.Ignore("A file system of 64 KB is mounted on Linux, by root with the right to mount. The limit of a file is tested besides.");
        }

        try
        {
            var run = await RunAsync(["backup", Path.Combine(disk, "nexus.dump"), .. kind]);

            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
            Assert.That(run.Error, Does.Contain("No space left on device"));
            Assert.That(Directory.EnumerateFileSystemEntries(disk), Is.Empty);
        }
        finally
        {
            // A program that another test starts at this moment may hold what it inherits, until it begins.
            Assert.That(await CallAsync("umount", "--lazy", disk), Is.Zero);
        }
    }

    [TestCaseSource(nameof(_kinds))]
    [NeedsDump]
    public async Task A_dump_that_is_killed_is_refused_and_nothing_is_left(params string[] kind)
    {
        await FillAsync();
        await using var holder = await HoldAsync("trains");

        var backup = RunAsync(["backup", File("nexus.dump"), .. kind]);
        await WaitForLockAsync("pg_dump", () => backup.IsCompleted);
        await KillAsync("pg_dump");
        var run = await backup;

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Error, Does.Contain("pg_dump failed: it was ended from outside, by signal 9."));
        Assert.That(Directory.EnumerateFileSystemEntries(Folder), Is.Empty);
    }

    // In the middle of the rows that follow what pg_dump wrote.
    [Test]
    [NeedsDump]
    public async Task A_connection_that_is_cut_while_rows_are_read_leaves_nothing()
    {
        await FillAsync();
        await using var holder = await HoldAsync("users");
        var user = new NpgsqlConnectionStringBuilder(await AdministratorAsync()) { ApplicationName = "cut" }.ConnectionString;

        // What pg_dump leaves out it locks all the same, and so the lock comes when it is done with that.
        var backup = ToolRun.RunAsync("backup", File("nexus.dump"), "--no-secrets", "--connection", user);
        await WaitForLockAsync("pg_dump", () => backup.IsCompleted);
        await TerminateAsync("cut");
        await holder.DisposeAsync();
        var run = await backup;

        Assert.That(run.ExitCode, Is.Not.EqualTo(ExitCode.Done).And.Not.EqualTo(ExitCode.Unexpected), run.All);
        Assert.That(run.Error, Does.Contain("connection").Or.Contain("pg_dump failed"));
        Assert.That(Directory.EnumerateFileSystemEntries(Folder), Is.Empty);
    }

    [TestCaseSource(nameof(_kinds))]
    [NeedsDump]
    public async Task What_a_killed_backup_leaves_is_no_backup_and_the_next_one_goes_over_it(params string[] kind)
    {
        await FillAsync();
        await using (var holder = await HoldAsync("trains"))
        {
            using var tool = await StartToolAsync("", ["backup", File("nexus.dump"), .. kind]);
            await WaitForLockAsync("pg_dump", () => tool.HasExited);
            var second = await RunAsync("backup", File("nexus.dump"));
            Assert.That(second.ExitCode, Is.EqualTo(ExitCode.CheckFailed), second.All);
            Assert.That(second.Error, Does.Contain("is being written by another backup"));
            tool.Kill();
            await tool.WaitForExitAsync();
        }

        Assert.That(Directory.EnumerateFiles(Folder).Select(Path.GetFileName), Is.EqualTo((string[])["nexus.dump.partial"]));
        Assert.That(await CallAsync("chmod", "666", File("nexus.dump.partial")), Is.Zero);
        var copy = await EmptyAsync();

        var none = await ToolRun.RunAsync("restore", File("nexus.dump"), "--connection", copy);
        var left = await ToolRun.RunAsync("restore", File("nexus.dump.partial"), "--connection", copy);
        var next = await RunAsync(["backup", File("nexus.dump"), .. kind]);
        var restore = await ToolRun.RunAsync("restore", File("nexus.dump"), "--connection", copy);

        Assert.That(none.Error, Does.Contain("There is no file"));
        Assert.That(left.ExitCode, Is.EqualTo(ExitCode.CheckFailed), left.All);
        Assert.That(left.Error, Does.Contain("was broken off"));
        Assert.That((next.ExitCode, restore.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Done)), next.All + restore.All);
        Assert.That(
            Directory.EnumerateFiles(Folder).Select(Path.GetFileName),
            Is.EquivalentTo((string[])["nexus.dump", "nexus.dump.json"]));
        Assert.That(
            Directory.EnumerateFiles(Folder).Select(file => new FileInfo(file).UnixFileMode),
            Is.All.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    [NeedsDump]
    public async Task One_byte_that_is_another_one_is_found_anywhere_by_the_checksum_and_among_the_rows_without_it(
        [ValueSource(nameof(_kinds))] string[] kind)
    {
        await FillAsync();
        await RunAsync(["backup", File("nexus.dump"), .. kind]);
        var bytes = await System.IO.File.ReadAllBytesAsync(File("nexus.dump"));
        var copy = await EmptyAsync();

        // Rows are compressed and checked by that; the end of the file is among them.
        foreach (var (place, found) in new[] { (20, false), (bytes.Length / 10, false), (bytes.Length - 20_000, true), (bytes.Length - 3_000, true) })
        {
            var damaged = (byte[])bytes.Clone();
            damaged[place] ^= 4;
            await System.IO.File.WriteAllBytesAsync(File("nexus.dump"), damaged);
            var run = await ToolRun.RunAsync("restore", File("nexus.dump"), "--connection", copy);
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
            Assert.That(run.Error, Does.Contain("checksum is another one"));
            if (found)
            {
                System.IO.File.Copy(File("nexus.dump"), File("alone.dump"), overwrite: true);
                run = await ToolRun.RunAsync("restore", File("alone.dump"), "--connection", copy);
                Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
                Assert.That(run.Error, Does.Contain("pg_restore failed"));
            }
        }

        Assert.That(await SumsAsync(copy), Is.Empty);
    }

    [TestCase(0.02)]
    [TestCase(0.5)]
    [TestCase(0.999)]
    [NeedsDump]
    public async Task A_part_that_is_cut_off_is_refused_without_its_checksum_too(double length)
    {
        await FillAsync();
        await RunAsync("backup", File("nexus.dump"), "--since", "2000-01-01");
        var bytes = await System.IO.File.ReadAllBytesAsync(File("nexus.dump"));
        await System.IO.File.WriteAllBytesAsync(File("alone.dump"), bytes[..(int)(bytes.Length * length)]);
        var copy = await EmptyAsync();

        var run = await ToolRun.RunAsync("restore", File("alone.dump"), "--connection", copy);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Error, Does.Contain("pg_restore failed"));
        Assert.That(await SumsAsync(copy), Is.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    [NeedsDump]
    public async Task A_restore_that_is_killed_or_cut_off_leaves_what_was_there(bool isKilled)
    {
        await FillAsync();
        await RunAsync("backup", File("nexus.dump"));
        await AdministerAsync("DELETE FROM messages; UPDATE users SET username = username || ' changed'");
        var before = (await SumsAsync(await AdministratorAsync()), await RulesAsync());

        // Some rules are dropped by then, and the tables wait.
        await using var holder = await HoldAsync("users IN ACCESS SHARE MODE");
        var restore = RunAsync("restore", File("nexus.dump"), "--yes");
        await WaitForLockAsync("pg_restore", () => restore.IsCompleted);
        await (isKilled ? KillAsync("pg_restore") : TerminateAsync("pg_restore"));
        var run = await restore;
        await holder.DisposeAsync();

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(
            run.Error, Does.Contain(isKilled ? "ended from outside, by signal 9" : "terminating connection").And.Contain("pg_restore failed"));
        await EnsureFreeAsync();
        Assert.That((await SumsAsync(await AdministratorAsync()), await RulesAsync()), Is.EqualTo(before));
    }

    [Test]
    [NeedsDump]
    public async Task A_file_of_a_newer_program_or_server_is_refused()
    {
        await FillAsync();
        await RunAsync("backup", File("nexus.dump"));
        var bytes = await System.IO.File.ReadAllBytesAsync(File("nexus.dump"));
        var version = Encoding.ASCII.GetBytes(await VersionAsync());
        var place = bytes.AsSpan().IndexOf(version);
        "99"u8.CopyTo(bytes.AsSpan(place));
        await System.IO.File.WriteAllBytesAsync(File("server.dump"), bytes);
        bytes[6] = 99;
        await System.IO.File.WriteAllBytesAsync(File("program.dump"), bytes);
        var copy = await EmptyAsync();

        var server = await ToolRun.RunAsync("restore", File("server.dump"), "--connection", copy);
        var program = await ToolRun.RunAsync("restore", File("program.dump"), "--connection", copy);

        Assert.That((server.ExitCode, program.ExitCode), Is.EqualTo((ExitCode.CheckFailed, ExitCode.CheckFailed)), server.All);
        Assert.That(server.Error, Does.Contain("comes from PostgreSQL 99").And.Contain("Nothing was changed."));
        Assert.That(program.Error, Does.Contain("unsupported version (1.99)"));
        Assert.That(await SumsAsync(copy), Is.Empty);
    }

    [TestCase("", "is empty")]
    [TestCase("\u001f\u008b\u0008 packed", "neither in the custom format of pg_dump nor SQL")]
    [TestCase("SQLite format 3\0", "neither in the custom format of pg_dump nor SQL")]
    [TestCase("CREATE TABLE t (n int);\n\\connect postgres\nCREATE TABLE u (n int);\n", "goes to a database that it names itself")]
    [TestCase("--\n-- PostgreSQL database dump\n--\nCREATE TABLE t (n int);\nCOPY t (n) FROM stdin;\n1\n", "is not whole")]
    public async Task What_is_no_backup_is_refused(string content, string reason)
    {
        await System.IO.File.WriteAllTextAsync(File("some.sql"), content, Encoding.Latin1);
        var copy = await EmptyAsync();

        var run = await ToolRun.RunAsync("restore", File("some.sql"), "--connection", copy);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Error, Does.Contain(reason));
        Assert.That(await SumsAsync(copy), Is.Empty);
    }

    // More than the smallest disk holds.
    private async Task FillLargeAsync()
    {
        await FillAsync();
        await AdministerAsync(
            """
            INSERT INTO messages (chat_id, type, content, sequence)
            SELECT c.id, 'system', string_agg(md5(random()::text), ' '), 1000 + i
            FROM chats c, generate_series(1, 200) i, generate_series(1, 100) GROUP BY c.id, i
            """);
    }

    private Task<List<string>> RulesAsync()
        => TextsAsync(
            ConnectionString,
            """
            SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT indexrelid::regclass::text FROM pg_index ORDER BY 1
            """);

    private async Task<string> VersionAsync() => (await TextsAsync(ConnectionString, "SHOW server_version"))[0];

    private async Task<NpgsqlConnection> HoldAsync(string table)
    {
        var holder = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(await AdministratorAsync()) { Pooling = false }.ConnectionString);
        await holder.OpenAsync();
        await using var command = new NpgsqlCommand($"BEGIN; LOCK TABLE {table}", holder);
        await command.ExecuteNonQueryAsync();
        return holder;
    }

    private async Task WaitForLockAsync(string program, Func<bool> orUntil)
        => await Server.WaitForAsync(await AdministratorAsync(), $"application_name = '{program}' AND wait_event_type = 'Lock'", orUntil);

    private async Task TerminateAsync(string program)
        => await AdministerAsync(
            $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{program}'");

    // A backend goes when it has seen that its client did.
    private async Task EnsureFreeAsync()
        => await Server.WaitForAsync(
            await AdministratorAsync(),
            "NOT EXISTS (SELECT FROM pg_stat_activity r WHERE r.datname = current_database() AND r.application_name = 'pg_restore')");

    // The one that works on the test's database: its name is in the environment.
    private async Task KillAsync(string program)
    {
        var database = $"PGDATABASE={new NpgsqlConnectionStringBuilder(ConnectionString).Database}\0";
        foreach (var process in Process.GetProcessesByName(program))
        {
            if (System.IO.File.ReadAllText($"/proc/{process.Id.ToString(CultureInfo.InvariantCulture)}/environ").Contains(database, StringComparison.Ordinal))
            {
                process.Kill();
                await process.WaitForExitAsync();
                return;
            }
        }

        Assert.Fail($"There is no {program}.");
    }

    private async Task<Process> StartToolAsync(string before, string[] arguments)
    {
        var start = new ProcessStartInfo(
            "sh",
            [
                "-c", $"{before}exec \"$0\" \"$@\"", Environment.ProcessPath!, "exec", typeof(ServerOwner).Assembly.Location, ServerOwner.Tool, .. arguments,
                "--connection", await AdministratorAsync(),
            ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };

        // What the runtime writes by itself is larger than a small limit.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return Process.Start(start)!;
    }

    private static async Task<int> CallAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
