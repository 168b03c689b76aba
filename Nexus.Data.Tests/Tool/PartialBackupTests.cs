using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;
using Nexus.Data.Embedded;
using Nexus.Data.Operations.Backups;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;
using Nexus.Data.Totals;

namespace Nexus.Data.Tests.Tool;

public sealed class PartialBackupTests : BackupTest
{
    private const string Since = "2025-08-01";

    // What is not taken as a whole.
    private static readonly string[] _recent =
        [
            "api_requests", "branch_totals", "chat_members", "chat_snapshots", "chats", "conversation_analyses", "conversation_totals",
            "hourly_stats", "hourly_totals", "link_waits", "messages", "request_words", "streaming_chunks", "summary_keys", "task_prompts",
        ];

    private static readonly string[] _secret = ["anthropic_credentials", "train_api_keys", "trains", "users"];

    [Test]
    [NeedsDump]
    public async Task Everything_comes_back_by_the_checksum_of_every_table()
    {
        await FillWithEverythingAsync();
        var copy = await EmptyAsync();

        var backup = await RunAsync("backup", File("nexus.dump"));
        var restore = await ToolRun.RunAsync("restore", File("nexus.dump"), "--connection", copy);

        Assert.That((backup.ExitCode, restore.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Done)), backup.All + restore.All);
        var (there, here) = (await SumsAsync(copy), await SumsAsync(await AdministratorAsync()));
        Assert.That(here.Where(table => table.Value.StartsWith("0 ", StringComparison.Ordinal)).Select(table => table.Key), Is.Empty, "Nothing is compared with nothing.");
        Assert.That(there, Is.EqualTo(here));
    }

    [Test]
    [NeedsDump]
    public async Task Since_a_time_whole_conversations_and_chats_come_back_with_all_that_they_refer_to()
    {
        await FillWithEverythingAsync();
        var copy = await EmptyAsync();

        // With the right to read, and no other.
        var backup = await ToolRun.RunAsync(
            "backup", File("part.dump"), "--since", Since, "--json", "--connection", Server.As(NexusRole.Backup, ConnectionString));
        var restore = await ToolRun.RunAsync("restore", File("part.dump"), "--json", "--connection", copy);

        Assert.That((backup.ExitCode, restore.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Done)), backup.All + restore.All);
        Assert.That(restore.Json.GetProperty("differing").GetArrayLength(), Is.Zero);
        Assert.That(restore.Json.GetProperty("since").GetDateTimeOffset(), Is.EqualTo(FilledDatabase.Between));
        Assert.That(restore.Error, Does.Contain("only what goes back to 2025-08-01 00:00:00Z"));
        var (expected, chats) = (await ExpectedRequestsAsync(), await ExpectedChatsAsync());
        Assert.That(
            await TextsAsync(copy, "SELECT request_id::text FROM api_requests ORDER BY 1"), Is.EqualTo(expected));
        Assert.That(await TextsAsync(copy, "SELECT id::text FROM chats ORDER BY 1"), Is.EqualTo(chats));
        await EnsureRowsAsync(copy);
        await EnsureSoundAsync(copy);
    }

    // Each row that belongs to what was taken is there as it was, and all other tables are equal.
    private async Task EnsureRowsAsync(string copy)
    {
        var source = await AdministratorAsync();
        var (there, here) = (await SumsAsync(copy), await SumsAsync(source));
        Assert.That(
            there.Where(table => !_recent.Contains(table.Key)), Is.EqualTo(here.Where(table => !_recent.Contains(table.Key))));
        foreach (var table in _recent.Except(["hourly_totals", "hourly_stats"]))
        {
            var key = table switch
            {
                "api_requests" or "link_waits" or "request_words" or "streaming_chunks" or "summary_keys" or "task_prompts" =>
                    ("request_id", "api_requests"),
                "chats" => ("id", "chats"),
                "chat_members" or "chat_snapshots" or "messages" => ("chat_id", "chats"),
                _ => ("conversation_id", "api_requests"),
            };
            var column = key.Item2 == "chats" ? "id" : key.Item1;
            var taken = (await TextsAsync(copy, $"SELECT DISTINCT {column}::text FROM {key.Item2} WHERE {column} IS NOT NULL")).ToHashSet();
            var rows = (await TextsAsync(source, $"SELECT {key.Item1}::text || md5(t::text) FROM {table} t"))
                .Where(row => taken.Contains(row[..36])).Order(StringComparer.Ordinal).ToList();

            Assert.That(rows, Is.Not.Empty, table);
            Assert.That(there[table], Is.Not.EqualTo(here[table]), table);
            Assert.That(
                (await TextsAsync(copy, $"SELECT {key.Item1}::text || md5(t::text) FROM {table} t")).Order(StringComparer.Ordinal),
                Is.EqualTo(rows), table);
        }
    }

    [Test]
    [NeedsDump]
    public async Task Without_secrets_none_is_in_the_file_and_all_else_is()
    {
        await FillWithEverythingAsync();
        await AdministerAsync("ALTER TABLE users ADD COLUMN totp_seed text; UPDATE users SET totp_seed = 'planted-seed'");
        var copy = await EmptyAsync();

        var backup = await ToolRun.RunAsync(
            "backup", File("share.dump"), "--no-secrets", "--connection", Server.As(NexusRole.Backup, ConnectionString));
        var restore = await ToolRun.RunAsync("restore", File("share.dump"), "--json", "--connection", copy);

        Assert.That((backup.ExitCode, restore.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Done)), backup.All + restore.All);
        Assert.That(restore.Json.GetProperty("no_secrets").GetBoolean(), Is.True);
        Assert.That(backup.Output, Does.Contain("no tokens, API keys, webhook addresses and password hashes"));
        await EnsureNoSecretsAsync(copy);
        var (there, here) = (await SumsAsync(copy), await SumsAsync(await AdministratorAsync()));
        Assert.That(
            there.Where(table => !_secret.Contains(table.Key)), Is.EqualTo(here.Where(table => !_secret.Contains(table.Key))));
        Assert.That(
            await TextsAsync(copy, "SELECT id::text || username || status FROM users ORDER BY 1"),
            Is.EqualTo(await TextsAsync(ConnectionString, "SELECT id::text || username || status FROM users ORDER BY 1")));
        Assert.That(await TextsAsync(copy, "SELECT slack_enabled::text FROM trains"), Is.All.EqualTo("false"));
        await EnsureSoundAsync(copy, but: "clear-secrets");

        // Nobody sends what stands in place of a token.
        await using var services = new ServiceCollection().AddNexusData(copy).BuildServiceProvider();
        Assert.That(
            () => services.GetRequiredService<AccessTokens>().GetAsync("acc_1"),
            Throws.TypeOf<NexusDataException>().With.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Validation));
    }

    [Test]
    [NeedsDump]
    public async Task Both_together()
    {
        await FillWithEverythingAsync();
        var copy = await EmptyAsync();

        var backup = await RunAsync("backup", File("part.dump"), "--since", Since, "--no-secrets");
        var restore = await ToolRun.RunAsync("restore", File("part.dump"), "--connection", copy);

        Assert.That((backup.ExitCode, restore.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Done)), backup.All + restore.All);
        Assert.That(restore.Error, Does.Contain("only what goes back to").And.Contain("no tokens"));
        Assert.That(
            await TextsAsync(copy, "SELECT request_id::text FROM api_requests ORDER BY 1"), Is.EqualTo(await ExpectedRequestsAsync()));
        await EnsureNoSecretsAsync(copy);
        await EnsureSoundAsync(copy, but: "clear-secrets");
    }

    // A secret that somebody adds has to be left out, too.
    [Test]
    public async Task Every_column_that_is_called_a_secret_is_left_out()
    {
        var columns = await SecretColumnsAsync();

        Assert.That(
            columns,
            Is.EquivalentTo(SecretRows.All.SelectMany(rows => rows.Values.Keys.Select(column => $"{rows.Table}.{column}"))
                .Except(["anthropic_credentials.oauth_expires_at", "anthropic_credentials.oauth_token_suffix", "trains.slack_enabled"])));
        Assert.That(
            columns, Is.EquivalentTo(RolePolicy.Secrets.SelectMany(table => table.Value.Select(column => $"{table.Key}.{column}"))));
        Assert.That(
            SecretTable.All.SelectMany(table => table.Columns.Select(column => $"{table.Name}.{column}")), Is.SubsetOf(columns));
    }

    [Test]
    public async Task What_was_added_to_a_table_with_secrets_and_takes_no_null_stops_it()
    {
        await AdministerAsync("ALTER TABLE users ADD COLUMN recovery_code text NOT NULL");

        var run = await RunAsync("backup", File("share.dump"), "--no-secrets");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Error, Does.Contain("recovery_code"));
        Assert.That(Directory.EnumerateFileSystemEntries(Folder), Is.Empty);
    }

    [TestCase("""DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" LIKE '20250101000020%'""", "nexus-data migrate")]
    [TestCase("""INSERT INTO "__EFMigrationsHistory" VALUES ('20250101000099_Later', '10.0.0')""", "newer version")]
    [TestCase("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE other (n int)", "none of our tables")]
    [NeedsDump]
    public async Task A_part_is_taken_of_this_versions_tables_alone(string change, string reason)
    {
        await AdministerAsync(change);

        var part = await RunAsync("backup", File("part.dump"), "--since", "30d");
        var secrets = await RunAsync("backup", File("share.dump"), "--no-secrets");
        var whole = await RunAsync("backup", File("whole.dump"));

        Assert.That(
            new[] { part, secrets, whole }.Select(run => run.ExitCode),
            Is.EqualTo((int[])[ExitCode.CheckFailed, ExitCode.CheckFailed, ExitCode.Done]), part.All + whole.All);
        Assert.That(part.Error, Does.Contain(reason));
        Assert.That(
            Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName),
            Is.EquivalentTo((string[])["whole.dump", "whole.dump.json"]));
    }

    // Tables of other programs, large objects, names that have to be quoted, and where sequences go on.
    [Test]
    [NeedsDump]
    public async Task What_is_not_ours_comes_whole()
    {
        await FillAsync();
        await AdministerAsync(
            """"
            CREATE SCHEMA "Other's";
            CREATE TABLE "Other's"."A ""table""" (id serial, n text);
            INSERT INTO "Other's"."A ""table""" (n) SELECT repeat(md5(i::text), 100) FROM generate_series(1, 5000) i;
            ALTER TABLE chats ADD COLUMN "A ""column""" text;
            SELECT lo_from_bytea(4711, decode(repeat('ab', 100000), 'hex')), lo_from_bytea(4712, '');
            SELECT setval('streaming_chunks_id_seq', 4711);
            """");
        var copy = await EmptyAsync();

        var backup = await RunAsync("backup", File("part.dump"), "--since", "1d");
        var restore = await ToolRun.RunAsync("restore", File("part.dump"), "--json", "--connection", copy);

        Assert.That((backup.ExitCode, restore.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Done)), backup.All + restore.All);
        const string Others =
            """"
            SELECT md5(string_agg(id || n, '|' ORDER BY id)) || md5(lo_get(4711)) || md5(lo_get(4712))
                   || (SELECT last_value FROM streaming_chunks_id_seq)
            FROM "Other's"."A ""table"""
            """";
        Assert.That(await TextsAsync(copy, Others), Is.EqualTo(await TextsAsync(await AdministratorAsync(), Others)));
        Assert.That(await TextsAsync(copy, "SELECT request_id::text FROM api_requests"), Is.Empty);
        Assert.That(await TextsAsync(copy, "SELECT content FROM messages"), Has.Count.EqualTo(20));
    }

    [TestCase("2999-01-01")]
    [TestCase("30x")]
    public async Task A_time_is_one_that_has_come(string since)
    {
        var run = await RunAsync("backup", File("part.dump"), "--since", since);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Does.Contain("--since takes a time"));
    }

    private async Task FillWithEverythingAsync()
    {
        var summers = new[] { FilledDatabase.Between.AddMonths(-3), FilledDatabase.Between.AddMonths(1) };
        for (var i = 0; i < summers.Length; i++)
        {
            var log = FilledDatabase.WriteTraffic(Folder, i + 1, summers[i], 400);
            var import = await ToolRun.RunAsync("import", log, "--connection", ConnectionString);
            Assert.That(import.ExitCode, Is.EqualTo(ExitCode.Done), import.All);
            System.IO.File.Delete(log);
        }

        await ToolRun.RunAsync("populate", "--at", "2025-06-01", "--yes", "--connection", ConnectionString);
        await ToolRun.RunAsync(
            "populate-large", "--users", "30", "--groups", "6", "--direct-chats", "20", "--messages", "600", "--days", "90",
            "--until", "2025-09-15", "--yes", "--connection", ConnectionString);
        await FillAsync();
        await AdministerAsync(FilledDatabase.Trains);
        await ChangeRequestsAsync(FilledDatabase.References);
        await AdministerAsync(
            """
            INSERT INTO streaming_chunks (request_id, chunk_index, "timestamp", data)
            SELECT request_id, 1000, "timestamp", '{"type":"ping"}' FROM api_requests;
            INSERT INTO link_waits (request_id, train_id, key, "timestamp")
            SELECT request_id, train_id, sha256(convert_to(request_id::text, 'UTF8')), "timestamp" FROM api_requests LIMIT 2000;
            INSERT INTO summary_keys (request_id, train_id, key, "timestamp")
            SELECT request_id, train_id, sha256(convert_to(request_id::text, 'UTF8')), "timestamp" FROM api_requests;
            UPDATE api_requests SET unlinked_because = NULL;
            REFRESH MATERIALIZED VIEW hourly_stats;
            """);
    }

    // As the rules say it, without a database.
    private async Task<List<string>> ExpectedRequestsAsync()
    {
        await using var db = OpenContext();
        var requests = await db.Requests.Select(request => new
        {
            request.RequestId,
            request.ConversationId,
            request.Timestamp,
            References = new[] { request.ParentRequestId, request.ParentTaskRequestId, request.RetryOfRequestId },
        }).ToListAsync();
        var tasks = (await db.TaskPrompts.Where(task => task.SubtaskRequestId != null).ToListAsync()).ToLookup(task => task.RequestId);
        var chats = (await ExpectedChatsAsync()).Select(Guid.Parse).ToHashSet();
        var messages = (await db.Messages.Where(message => message.RequestId != null).ToListAsync())
            .Where(message => chats.Contains(message.ChatId)).Select(message => message.RequestId!.Value).ToList();
        var byId = requests.ToDictionary(request => request.RequestId);
        var inConversation = requests.ToLookup(request => request.ConversationId);
        var taken = new HashSet<Guid>();
        var open = new Stack<Guid>(
            requests.Where(request => request.Timestamp >= FilledDatabase.Between).Select(request => request.RequestId).Concat(messages));
        while (open.TryPop(out var id))
        {
            if (!byId.TryGetValue(id, out var request) || !taken.Add(id))
            {
                continue;
            }

            var whole = request.ConversationId is null ? [] : inConversation[request.ConversationId].Select(other => other.RequestId);
            foreach (var next in whole.Concat(request.References.OfType<Guid>())
                .Concat(tasks[id].Select(task => task.SubtaskRequestId!.Value)))
            {
                open.Push(next);
            }
        }

        Assert.That(taken.Select(id => byId[id].Timestamp).Count(time => time < FilledDatabase.Between), Is.GreaterThan(4));
        Assert.That(taken, Has.Count.LessThan(requests.Count - 100));
        Assert.That(taken, Has.Member(new Guid("00000000-0000-0000-0000-0000000000e2")));
        Assert.That(taken, Has.No.Member(new Guid("00000000-0000-0000-0000-0000000000e1")));
        return [.. taken.Select(id => $"{id}").Order(StringComparer.Ordinal)];
    }

    private async Task<List<string>> ExpectedChatsAsync()
    {
        await using var db = OpenContext();
        var chats = await db.Chats.Select(chat => new { chat.Id, chat.CreatedAt }).ToListAsync();
        var written = (await db.Messages.Select(message => new { message.ChatId, message.CreatedAt }).ToListAsync())
            .Where(message => message.CreatedAt >= FilledDatabase.Between).Select(message => message.ChatId).ToHashSet();
        return
        [
            .. chats.Where(chat => chat.CreatedAt >= FilledDatabase.Between || written.Contains(chat.Id))
                .Select(chat => $"{chat.Id}").Order(StringComparer.Ordinal),
        ];
    }

    private static async Task EnsureSoundAsync(string copy, string? but = null)
    {
        await using var services = new ServiceCollection().AddNexusData(copy).BuildServiceProvider();
        var reports = await services.GetRequiredService<Doctor>().RunAsync();
        Assert.That(
            reports.Where(report => report.Result.Status != CheckStatus.Ok && report.Name != "clear-secrets")
                .Select(report => $"{report.Name}: {report.Result.Finding}"),
            Is.Empty);
        var secrets = reports.Single(report => report.Name == "clear-secrets").Result;
        Assert.That(secrets.Finding, Does.Not.Contain("stand in clear"));
        Assert.That(secrets.Remedy, but is null ? Is.Not.Null : Does.Contain("log in anew"));
        Assert.That(
            await new TotalsRepair(new Contexts(copy)).VerifyAsync(),
            Is.EqualTo(new TotalsReport(0, 0, 0)));
    }

    private Task<List<string>> SecretColumnsAsync()
        => TextsAsync(
            ConnectionString,
            """
            SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = 'public'::regnamespace AND col_description(a.attrelid, a.attnum) LIKE '%a secret%' ORDER BY 1
            """);

    // As the server writes out what came back, and in the file as it is unpacked.
    private async Task EnsureNoSecretsAsync(string copy)
    {
        var planted = new List<string> { "planted" };
        foreach (var column in (await SecretColumnsAsync()).Select(column => column.Split('.')).Where(column => column[1] != "api_key"))
        {
            var values = await TextsAsync(
                await AdministratorAsync(), $"SELECT {column[1]}::text FROM {column[0]} WHERE {column[1]} IS NOT NULL");
            Assert.That(values, Is.Not.Empty, string.Join('.', column));
            planted.AddRange(values.Select(value => value.TrimStart('\\', 'x')));
        }

        var text = await ReadAsync("pg_dump", ["--inserts", "--no-password"], copy);
        var file = await ReadAsync("pg_restore", ["--file=-", Directory.EnumerateFiles(Folder, "*.dump").Single()], null);
        Assert.That(file, Does.Contain("COPY public.api_requests").And.Contain(SecretRows.NoToken));
        Assert.That(text, Does.Contain("INSERT INTO public.api_requests").And.Contain(SecretRows.NoToken));
        Assert.That(planted.Where(secret => text.Contains(secret, StringComparison.Ordinal)), Is.Empty);
        Assert.That(planted.Where(secret => file.Contains(secret, StringComparison.Ordinal)), Is.Empty);
    }

    private static async Task<string> ReadAsync(string program, string[] arguments, string? connectionString)
    {
        var text = "";
        await PostgresProgram.RunAsync(
            program, arguments, connectionString, CancellationToken.None,
            async output => text = await new StreamReader(output).ReadToEndAsync());
        return text;
    }
}
