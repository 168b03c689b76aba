using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

public sealed class BackupCommandTests : BackupTest
{
    // What stands in tables that came later would stay, and migrate would not fill them again.
    [Test]
    [NeedsDump]
    public async Task A_backup_older_than_the_database_is_refused_until_it_is_empty()
    {
        var database = await EmptyAsync();
        Task<ToolRun> On(params string[] line) => ToolRun.RunAsync([.. line, "--connection", database]);
        await On("migrate", "--to", "019");
        var backup = await On("backup", File("old.dump"));
        await On("migrate");
        var before = await SumsAsync(database);

        var refused = await On("restore", File("old.dump"), "--yes");
        var after = await SumsAsync(database);
        await On("db-hard-reset", "--yes");
        var restored = await On("restore", File("old.dump"));
        var migrated = await On("migrate");

        Assert.That((backup.ExitCode, refused.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Refused)), backup.All + refused.All);
        Assert.That(refused.Error, Does.Contain("it lacks public.").And.Contain("db-hard-reset"));
        Assert.That(refused.Error, Does.Not.Contain("public.api_requests"));
        Assert.That(after, Is.EqualTo(before));
        Assert.That((restored.ExitCode, migrated.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Done)), restored.All + migrated.All);
    }

    [Test]
    [NeedsDump]
    [Category("ServerVersions")]
    public async Task A_backup_comes_back_row_by_row_in_an_empty_database()
    {
        await FillAsync();
        var copy = await EmptyAsync();

        var backup = await RunAsync("backup", File("nexus.dump"));
        var restore = await ToolRun.RunAsync("db_restore", $"BACKUP_FILE={File("nexus.dump")}", "--connection", copy);

        Assert.That((backup.ExitCode, restore.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Done)), backup.All + restore.All);
        Assert.That(backup.Output, Does.Contain("nexus.dump"));
        Assert.That(restore.Error, Is.Empty);
        var (there, here) = (await SumsAsync(copy), await SumsAsync(await AdministratorAsync()));
        Assert.That(here, Has.Count.GreaterThan(20));
        Assert.That(there, Is.EqualTo(here));
        if (!OperatingSystem.IsWindows())
        {
            Assert.That(
                System.IO.File.GetUnixFileMode(File("nexus.dump")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
    }

    // What was written while it was taken is in neither the file nor the counts.
    [Test]
    [NeedsDump]
    public async Task A_backup_is_of_one_instant_with_its_counts()
    {
        await FillAsync();
        using var stop = new CancellationTokenSource();
        var session = (await new RepositoryChats(new Contexts(ConnectionString)).CreateAsync("nexus", "octo/nexus")).Id;
        var messages = new Messages(new Contexts(ConnectionString));
        var writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await messages.PostAsync(new() { ChatId = session, Content = "meanwhile" });
            }
        });
        var copy = await EmptyAsync();

        var backup = await RunAsync("backup", File("nexus.dump"), "--json");
        await stop.CancelAsync();
        await writing;
        var restore = await ToolRun.RunAsync("restore", File("nexus.dump"), "--json", "--connection", copy);

        Assert.That(backup.Json.GetProperty("manifest").GetProperty("tables").GetProperty("public.messages").GetInt64(), Is.Positive);
        Assert.That(restore.ExitCode, Is.EqualTo(ExitCode.Done), restore.All);
        Assert.That(restore.Json.GetProperty("differing").GetArrayLength(), Is.Zero);
    }

    [Test]
    [NeedsDump]
    public async Task What_is_there_is_replaced_only_where_its_name_was_typed_and_never_in_production_unsaid()
    {
        await FillAsync();
        await RunAsync("backup", File("nexus.dump"));
        var before = await SumsAsync(await AdministratorAsync());
        await AdministerAsync("DELETE FROM messages; UPDATE api_requests SET model = 'another'");
        var changed = await SumsAsync(await AdministratorAsync());
        string[] line = ["restore", File("nexus.dump"), "--connection", await AdministratorAsync()];
        var name = new NpgsqlConnectionStringBuilder(ConnectionString).Database!;

        var unsure = await ToolRun.RunAsync(line, input: "yes\n");
        var production = await ToolRun.RunAsync(
            [.. line, "--yes"], variables: new Dictionary<string, string> { ["NEXUS_ENVIRONMENT"] = "production" });
        Assert.That((unsure.ExitCode, production.ExitCode), Is.EqualTo((ExitCode.Refused, ExitCode.Refused)), unsure.All);
        Assert.That(unsure.Error, Does.Contain("rows in").And.Contain(name));
        Assert.That(await SumsAsync(await AdministratorAsync()), Is.EqualTo(changed));

        var sure = await ToolRun.RunAsync(line, input: $"{name}\n");
        Assert.That(sure.ExitCode, Is.EqualTo(ExitCode.Done), sure.All);
        Assert.That(await SumsAsync(await AdministratorAsync()), Is.EqualTo(before));
    }

    [TestCase(true)]
    [TestCase(false)]
    [NeedsDump]
    public async Task A_damaged_file_is_refused_before_anything_is_done(bool hasManifest)
    {
        await FillAsync();
        await RunAsync("backup", File("nexus.dump"));
        var bytes = await System.IO.File.ReadAllBytesAsync(File("nexus.dump"));
        await System.IO.File.WriteAllBytesAsync(File("nexus.dump"), bytes[..(bytes.Length / 2)]);
        if (!hasManifest)
        {
            System.IO.File.Delete(File("nexus.dump.json"));
        }

        var copy = await EmptyAsync();

        var run = await ToolRun.RunAsync("restore", File("nexus.dump"), "--connection", copy);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Error, Does.Contain(hasManifest ? "checksum is another one" : "pg_restore failed"));
        Assert.That(await SumsAsync(copy), Is.Empty);
    }

    [Test]
    [NeedsDump]
    public async Task What_fails_in_the_middle_leaves_what_was_there()
    {
        await FillAsync();
        await RunAsync("backup", File("nexus.dump"));
        var copy = await EmptyAsync();

        // Another program's: not all of the backup can be put beside it.
        await ExecuteAsync(copy, "CREATE FUNCTION public.nexus_taken() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW public.users AS SELECT 1 AS id");
        var run = await ToolRun.RunAsync("restore", File("nexus.dump"), "--connection", copy);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Error, Does.Contain("users"));
        Assert.That(await SumsAsync(copy), Is.Empty);
    }

    [Test]
    [NeedsDump]
    public async Task A_backup_that_is_stopped_or_has_no_room_leaves_nothing()
    {
        await FillAsync();
        using var stopped = new CancellationTokenSource();
        await using var blocker = new NpgsqlConnection(await AdministratorAsync());
        await blocker.OpenAsync();
        await using var transaction = await blocker.BeginTransactionAsync();
        await using (var block = new NpgsqlCommand("LOCK TABLE messages", blocker))
        {
            await block.ExecuteNonQueryAsync();
        }

        // It waits for the table, with a file that is begun.
        var backup = ToolRun.RunAsync(
            ["backup", File("nexus.dump"), "--connection", await AdministratorAsync()], cancellationToken: stopped.Token);
        await Server.WaitForAsync(await AdministratorAsync(), "application_name = 'pg_dump' AND wait_event_type = 'Lock'", () => backup.IsCompleted);
        Assert.That(Directory.EnumerateFileSystemEntries(Folder), Is.Not.Empty);
        await stopped.CancelAsync();
        var run = await backup;
        await transaction.RollbackAsync();
        var nowhere = await RunAsync("backup", Path.Combine(Folder, "missing", "nexus.dump"));

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Interrupted), run.All);
        Assert.That(nowhere.ExitCode, Is.EqualTo(ExitCode.CheckFailed), nowhere.All);
        Assert.That(Directory.EnumerateFileSystemEntries(Folder), Is.Empty);
    }

    [Test]
    public async Task A_file_that_is_there_is_not_written_over()
    {
        await System.IO.File.WriteAllTextAsync(File("nexus.dump"), "precious");

        var run = await RunAsync("backup", File("nexus.dump"));

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Refused), run.All);
        Assert.That(await System.IO.File.ReadAllTextAsync(File("nexus.dump")), Is.EqualTo("precious"));
    }

    // As people have them from before.
    [Test]
    public async Task A_backup_in_SQL_goes_into_an_empty_database_alone()
    {
        var copy = await EmptyAsync();
        await System.IO.File.WriteAllTextAsync(
            File("old.sql"), "CREATE TABLE public.old (n int);\nCOPY public.old (n) FROM stdin;\n1\n2\n\\.\n");

        var first = await ToolRun.RunAsync("restore", File("old.sql"), "--connection", copy);
        var second = await ToolRun.RunAsync("restore", File("old.sql"), "--yes", "--connection", copy);
        await System.IO.File.WriteAllTextAsync(File("wrong.sql"), "CREATE TABLE public.half (n int);\nSELECT no_such_thing();\n");
        var other = await EmptyAsync();
        var wrong = await ToolRun.RunAsync("restore", File("wrong.sql"), "--connection", other);

        Assert.That(first.ExitCode, Is.EqualTo(ExitCode.Done), first.All);
        Assert.That(second.ExitCode, Is.EqualTo(ExitCode.Refused), second.All);
        Assert.That(wrong.ExitCode, Is.EqualTo(ExitCode.CheckFailed), wrong.All);
        Assert.That(wrong.Error, Does.Contain("no_such_thing"));
        Assert.That((await SumsAsync(copy)).Single().Value, Does.StartWith("2 "));
        Assert.That(await SumsAsync(other), Is.Empty, "All or nothing.");
    }

    [Test]
    [NeedsDump]
    public async Task A_schema_dump_has_the_tables_and_no_rows()
    {
        await FillAsync();

        var run = await RunAsync("db:schema-dump".Replace(':', '-'), File("schema.sql"));
        var shown = await RunAsync("schema-dump");

        var text = await System.IO.File.ReadAllTextAsync(File("schema.sql"));
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Done), run.All);
        Assert.That(text, Does.Contain("CREATE TABLE public.messages").And.Not.Contain("COPY public."));
        Assert.That(shown.Output, Is.EqualTo(text));
    }
}
