using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Nexus.Data.Embedded;
using Npgsql;

namespace Nexus.Data.Tests.Embedded;

// They mostly wait for processes, and each has its own folder.
[Parallelizable(ParallelScope.All)]
[Platform(Exclude = "Win"), UnsupportedOSPlatform("windows")]
public sealed class EmbeddedPostgresTests
{
    private readonly string _parent = NewFolder();

    private static readonly Lazy<Task<string>> _cluster = new(MakeClusterAsync);

    private string Durable => Path.Combine(_parent, "durable");

    [OneTimeTearDown]
    public static async Task RemoveCluster()
    {
        if (_cluster.IsValueCreated)
        {
            Directory.Delete(await _cluster.Value, recursive: true);
        }
    }

    [SetUp]
    public void MakeFolder() => ServerUser.CreateFolder(_parent);

    [TearDown]
    public async Task RemoveFolder()
    {
        await EmbeddedPostgres.StopAsync(Durable);
        Directory.Delete(_parent, recursive: true);
    }

    [Test]
    public async Task A_throw_away_server_listens_on_a_private_socket_alone_and_leaves_nothing()
    {
        var server = await EmbeddedPostgres.StartAsync(new() { ThrowAway = true, Folder = _parent });

        var socket = new NpgsqlConnectionStringBuilder(server.ConnectionString).Host!;
        Assert.That(
            File.GetUnixFileMode(socket),
            Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
        Assert.That(await AskAsync(server.ConnectionString, "SHOW listen_addresses"), Is.Empty);
        Assert.That(await AskAsync(server.ConnectionString, "SHOW fsync"), Is.EqualTo("off"));
        Assert.That(await AskAsync(server.ConnectionString, "SHOW server_encoding"), Is.EqualTo("UTF8"));

        await server.DisposeAsync();
        await server.DisposeAsync();

        Assert.That(Directory.EnumerateFileSystemEntries(_parent), Is.Empty);
    }

    [Test]
    public async Task Databases_are_created_and_dropped_by_name()
    {
        await using var server = await EmbeddedPostgres.StartAsync(new() { ThrowAway = true, Folder = _parent });

        var created = await server.CreateDatabaseAsync("my \"own\"");
        Assert.That(await AskAsync(created, "SELECT current_database()"), Is.EqualTo("my \"own\""));

        await server.DropDatabaseAsync("my \"own\"");
        await server.DropDatabaseAsync("my \"own\"");
        Assert.That(() => AskAsync(created, "SELECT 1"), Throws.InstanceOf<NpgsqlException>());
    }

    [Test]
    public async Task Durable_data_survive_a_restart_and_are_safe_on_disk()
    {
        await HaveClusterAsync();
        await using (var first = await EmbeddedPostgres.StartAsync(new() { Folder = Durable }))
        {
            await AskAsync(first.ConnectionString, "CREATE TABLE notes AS SELECT 'kept' AS text");
            Assert.That(await AskAsync(first.ConnectionString, "SHOW fsync"), Is.EqualTo("on"));
            Assert.That(await AskAsync(first.ConnectionString, "SHOW synchronous_commit"), Is.EqualTo("on"));
            Assert.That(await AskAsync(first.ConnectionString, "SHOW full_page_writes"), Is.EqualTo("on"));
        }

        Assert.That(await EmbeddedPostgres.FindRunningAsync(Durable), Is.Null);

        await using var second = await EmbeddedPostgres.StartAsync(new() { Folder = Durable });
        Assert.That(await AskAsync(second.ConnectionString, "SELECT text FROM notes"), Is.EqualTo("kept"));
    }

    [Test]
    public async Task A_detached_server_runs_on_until_it_is_stopped()
    {
        await HaveClusterAsync();
        await using (var server = await EmbeddedPostgres.StartAsync(new() { Folder = Durable }))
        {
            await server.DetachAsync();
        }

        await using (var joined = await EmbeddedPostgres.StartAsync(new() { Folder = Durable }))
        {
            Assert.That(await AskAsync(joined.ConnectionString, "SELECT 'here'"), Is.EqualTo("here"));
        }

        Assert.That(await EmbeddedPostgres.FindRunningAsync(Durable), Is.Not.Null);
        Assert.That(await EmbeddedPostgres.StopAsync(Durable), Is.True);
        Assert.That(await EmbeddedPostgres.StopAsync(Durable), Is.False);
        Assert.That(await EmbeddedPostgres.FindRunningAsync(Durable), Is.Null);
    }

    [Test]
    public async Task A_path_too_long_for_a_socket_has_it_elsewhere()
    {
        var folder = Path.Combine(_parent, new string('x', 60), "it's a long way");
        ServerUser.CreateFolder(Path.GetDirectoryName(folder)!);

        await using var server = await EmbeddedPostgres.StartAsync(new() { Folder = folder });

        var socket = new NpgsqlConnectionStringBuilder(server.ConnectionString).Host!;
        Assert.That(socket, Does.Not.StartWith(folder));
        Assert.That(await AskAsync(server.ConnectionString, "SELECT 'here'"), Is.EqualTo("here"));
    }

    [Test]
    public async Task A_cluster_of_another_version_is_named_and_left_alone()
    {
        await HaveClusterAsync();
        var version = Path.Combine(Durable, "data", "PG_VERSION");
        var kept = await File.ReadAllTextAsync(version);
        await File.WriteAllTextAsync(version, "9\n");

        Assert.That(
            () => EmbeddedPostgres.StartAsync(new() { Folder = Durable }),
            Throws.TypeOf<PostgresUnavailableException>().With.Message.Contains(Durable)
                .And.Message.Contains("install PostgreSQL 9"));

        await File.WriteAllTextAsync(version, kept);
        await using var again = await EmbeddedPostgres.StartAsync(new() { Folder = Durable });
        Assert.That(await AskAsync(again.ConnectionString, "SELECT 'here'"), Is.EqualTo("here"));
    }

    [TestCase("PG_VERSION", "no PostgreSQL cluster")]
    [TestCase("global/pg_control", "pg_control")]
    public async Task A_damaged_cluster_is_named_and_left_alone(string file, string reason)
    {
        await HaveClusterAsync();
        var damaged = Path.Combine(Durable, "data", file);
        File.Move(damaged, damaged + ".away");

        Assert.That(
            () => EmbeddedPostgres.StartAsync(new() { Folder = Durable }),
            Throws.TypeOf<PostgresUnavailableException>().With.Message.Contains(Durable)
                .And.Message.Contains(reason).And.Message.Contains("move the folder away"));

        File.Move(damaged + ".away", damaged);
        await using var again = await EmbeddedPostgres.StartAsync(new() { Folder = Durable });
        Assert.That(await AskAsync(again.ConnectionString, "SELECT 'here'"), Is.EqualTo("here"));
    }

    [Test]
    public void A_server_that_does_not_start_says_why_and_leaves_nothing()
    {
        var options = new EmbeddedPostgresOptions
        {
            ThrowAway = true,
            Folder = _parent,
            Settings = new Dictionary<string, string> { ["shared_buffers"] = "much" },
        };

        Assert.That(
            () => EmbeddedPostgres.StartAsync(options),
            Throws.TypeOf<PostgresUnavailableException>().With.Message.Contains("shared_buffers"));
        Assert.That(Directory.EnumerateFileSystemEntries(_parent), Is.Empty);
    }

    [Test, Category("Crash")]
    public async Task A_killed_owner_takes_its_throw_away_server_along([Values("KILL", "TERM", "INT")] string signal)
    {
        using var owner = await ServerOwner.StartAsync("throw-away", _parent);
        Assert.That(await AskAsync(owner.ConnectionString, "SELECT 'here'"), Is.EqualTo("here"));
        var server = ServerId(owner.Folder);

        await owner.SignalAsync(signal);

        Assert.That(() => Directory.Exists(owner.Folder), Is.False.After(5000, 50));
        Assert.That(() => IsAlive(server), Is.False.After(5000, 20));
    }

    [Test, Category("Crash")]
    public async Task A_killed_owner_of_a_durable_server_loses_nothing_that_was_committed()
    {
        await HaveClusterAsync();
        using var owner = await ServerOwner.StartAsync("durable", Durable);
        await AskAsync(owner.ConnectionString, "CREATE TABLE notes AS SELECT 'kept' AS text");
        var server = ServerId(owner.Folder);

        await owner.SignalAsync("KILL");

        Assert.That(() => IsAlive(server), Is.False.After(5000, 50));
        await using var again = await EmbeddedPostgres.StartAsync(new() { Folder = Durable });
        Assert.That(await AskAsync(again.ConnectionString, "SELECT text FROM notes"), Is.EqualTo("kept"));
    }

    [Test, Category("Crash")]
    public async Task Several_owners_share_one_durable_server_and_the_last_one_stops_it()
    {
        var owners = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(_ => ServerOwner.StartAsync("durable", Durable)));
        var server = ServerId(Durable);

        await owners[0].EndAsync();
        await owners[1].SignalAsync("KILL");
        await Task.Delay(500);
        Assert.That(await AskAsync(owners[2].ConnectionString, "SELECT 'here'"), Is.EqualTo("here"));

        await owners[2].EndAsync();
        Assert.That(() => IsAlive(server), Is.False.After(5000, 20));
        foreach (var owner in owners)
        {
            owner.Dispose();
        }
    }

    [Test, Category("Crash")]
    public async Task One_who_comes_while_the_last_one_leaves_has_a_server()
    {
        await HaveClusterAsync();
        var leaving = await EmbeddedPostgres.StartAsync(new() { Folder = Durable });
        for (var turn = 0; turn < 6; turn++)
        {
            var end = leaving.DisposeAsync().AsTask();
            await Task.Delay(turn * 15);
            leaving = await EmbeddedPostgres.StartAsync(new() { Folder = Durable });
            await end;
            Assert.That(await AskAsync(leaving.ConnectionString, "SELECT 'here'"), Is.EqualTo("here"));
        }

        await leaving.DisposeAsync();
    }

    [Test, Category("Crash")]
    public async Task What_a_run_left_that_was_killed_with_its_keeper_goes_at_the_next_start()
    {
        using var owner = await ServerOwner.StartAsync("throw-away", _parent);
        var server = ServerId(owner.Folder);
        await KillKeeperAsync(owner.Folder);
        await using (await EmbeddedPostgres.StartAsync(new() { ThrowAway = true, Folder = _parent }))
        {
            Assert.That(IsAlive(server), Is.True, "The owner lives, and so must its server.");
        }

        await owner.SignalAsync("KILL");
        await using var next = await EmbeddedPostgres.StartAsync(new() { ThrowAway = true, Folder = _parent });

        Assert.That(() => Directory.Exists(owner.Folder), Is.False.After(5000, 50));
        Assert.That(() => IsAlive(server), Is.False.After(5000, 20));
        Assert.That(await AskAsync(next.ConnectionString, "SELECT 'here'"), Is.EqualTo("here"));
    }

    // As after a reboot, which gives out the numbers of processes anew.
    [Test, Category("Crash"), Platform("Linux")]
    public async Task A_process_that_was_given_the_number_of_a_server_that_is_gone_is_left_alone()
    {
        using var owner = await ServerOwner.StartAsync("throw-away", _parent);
        var server = ServerId(owner.Folder);
        await KillKeeperAsync(owner.Folder);
        await owner.SignalAsync("KILL");
        await RunAsync("kill", "-KILL", server.ToString(CultureInfo.InvariantCulture));
        Assert.That(() => IsAlive(server), Is.False.After(5000, 20));

        // Of the server's user, who may end it.
        var user = await RunAsync("stat", "--format=%u", owner.Folder);
        using var other = Environment.IsPrivilegedProcess
            ? Process.Start("setpriv", ["--reuid", user, "--clear-groups", "sleep", "600"])
            : Process.Start("sleep", ["600"]);
        try
        {
            var file = Path.Combine(owner.Folder, "data", "postmaster.pid");
            string[] lines = [other.Id.ToString(CultureInfo.InvariantCulture), .. (await File.ReadAllLinesAsync(file)).Skip(1)];
            await File.WriteAllLinesAsync(file, lines);

            await using var next = await EmbeddedPostgres.StartAsync(new() { ThrowAway = true, Folder = _parent });

            Assert.That(() => Directory.Exists(owner.Folder), Is.False.After(15000, 50));
            Assert.That(other.HasExited, Is.False);
        }
        finally
        {
            other.Kill();
        }
    }

    [Test, Category("Crash")]
    public async Task An_owner_whose_keeper_was_killed_still_ends_cleanly([Values("throw-away", "durable")] string kind)
    {
        await HaveClusterAsync();
        using var owner = await ServerOwner.StartAsync(kind, kind == "durable" ? Durable : _parent);
        var server = ServerId(owner.Folder);
        await KillKeeperAsync(owner.Folder);

        Assert.That(await owner.EndAsync(), Is.Zero);

        Assert.That(() => IsAlive(server), Is.False.After(5000, 20));
        Assert.That(Directory.Exists(owner.Folder), Is.EqualTo(kind == "durable"));
    }

    [Test, Category("Crash"), Platform("Linux")]
    public async Task An_ordinary_user_runs_the_server_as_himself()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("Only root can become another user; the other tests ran as an ordinary one.");
        }

        const string user = "nexus-test-user";
        var home = Directory.CreateTempSubdirectory("nexus-test-").FullName;
        await RunAsync("useradd", "--no-create-home", "--home-dir", home, user);
        try
        {
            await RunAsync("chown", user, home);
            using var owner = await ServerOwner.StartAsync("durable", Path.Combine(home, "data"), user);
            Assert.That(await AskAsync(owner.ConnectionString, "SELECT 'here'"), Is.EqualTo("here"));
            var status = await File.ReadAllLinesAsync($"/proc/{ServerId(owner.Folder)}/status");
            Assert.That(status, Has.Some.Matches($"^Uid:\\t{await RunAsync("id", "-u", user)}\\t"));

            await owner.EndAsync();
        }
        finally
        {
            await RunAsync("userdel", user);
            Directory.Delete(home, recursive: true);
        }
    }

    // To make one takes longer than most tests do; each that does not mind gets a copy.
    private async Task HaveClusterAsync() => await RunAsync("cp", "-a", await _cluster.Value, Durable);

    private static async Task<string> MakeClusterAsync()
    {
        var folder = NewFolder();
        await (await EmbeddedPostgres.StartAsync(new() { Folder = folder })).DisposeAsync();
        return folder;
    }

    private static string NewFolder()
    {
        var root = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess;
        var parent = root ? "/var/lib/nexus-data" : Path.GetTempPath();
        ServerUser.CreateFolder(parent);
        return Path.Combine(parent, $"nexus-test-{Path.GetRandomFileName()}");
    }

    private static int ServerId(string folder)
        => int.Parse(
            File.ReadLines(Path.Combine(folder, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    private static async Task KillKeeperAsync(string folder)
    {
        var keeper = Directory.EnumerateFiles(Path.Combine(folder, "users")).Select(Path.GetFileName).Single()!;
        await RunAsync("kill", "-KILL", keeper);
        Assert.That(() => IsAlive(int.Parse(keeper, CultureInfo.InvariantCulture)), Is.False.After(2000, 20));
    }

    private static bool IsAlive(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.Zero, program);
        return said.Trim();
    }

    private static async Task<string?> AskAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (string?)await command.ExecuteScalarAsync();
    }
}
