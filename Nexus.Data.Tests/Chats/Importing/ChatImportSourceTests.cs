using Nexus.Data.Chats.Importing;
using Nexus.Data.Tests.Fixtures;
using Npgsql;
using NUnit.Framework.Constraints;
using static Nexus.Data.Tests.Chats.Importing.OldPrograms;

namespace Nexus.Data.Tests.Chats.Importing;

/// <summary>What is no source is said to be none, and why.</summary>
public sealed class ChatImportSourceTests : ChatImportTest
{
    [Test]
    public void The_schema_that_is_imported_into_is_no_source()
        => Assert.That(
            () => Import.ImportAsync(), Refused(NexusDataErrorKind.Validation, "Schema 'public' of", "is the one that chats are imported into"));

    [Test]
    public async Task It_is_the_same_under_another_name_of_the_host()
    {
        var named = new NpgsqlConnectionStringBuilder(await AdministratorAsync()) { ApplicationName = "other" }.ConnectionString;

        Assert.That(
            () => Import.ImportAsync(new() { SourceConnection = named }),
            Refused(NexusDataErrorKind.Validation, "is the one that chats are imported into"));
    }

    [Test]
    public async Task Tables_of_ours_in_another_database_are_none_of_the_coding_assistant()
    {
        var other = await Server.CloneAsync();
        try
        {
            Assert.That(
                () => Import.ImportAsync(new() { SourceConnection = other }),
                Refused(NexusDataErrorKind.NotFound, "which has our own tables"));
        }
        finally
        {
            await Server.DropAsync(other);
        }
    }

    [TestCase(null, "OpChat (user, chat, direct_message, group_chat, membership, message) and of Relay (chats, messages, chat_snapshots)")]
    [TestCase(ChatSourceKind.Relay, "looked for the tables of Relay (chats, messages, chat_snapshots).")]
    public async Task A_schema_without_them_is_told_what_was_looked_for(ChatSourceKind? kind, string said)
    {
        await SourceAsync(Opchat(Schema), "DROP TABLE message;");

        Assert.That(
            () => Import.ImportAsync(new() { SourceSchema = Schema, Kind = kind }),
            Refused(NexusDataErrorKind.NotFound, $"schema '{Schema}'", said));
        Assert.That(
            () => Import.ImportAsync(new() { SourceSchema = "no\"thing" }),
            Refused(NexusDataErrorKind.NotFound, "schema 'no\"thing'", "OpChat (user,"));
    }

    [Test]
    public async Task Where_both_are_the_kind_has_to_be_said()
    {
        await SourceAsync(Opchat(Schema), Relay(Schema), User(1, "ada"), Session(2, "Trains"));

        Assert.That(() => Import.ImportAsync(Options), Refused(NexusDataErrorKind.Conflict, "OpChat (", "and of Relay ("));
        var team = await Import.ImportAsync(new() { SourceSchema = Schema, Kind = ChatSourceKind.Opchat });
        var sessions = await Import.ImportAsync(new() { SourceSchema = Schema, Kind = ChatSourceKind.Relay });

        Assert.That((team.Kind, team.Added, sessions.Kind, sessions.Added), Is.EqualTo((ChatSourceKind.Opchat, 1L, ChatSourceKind.Relay, 1L)));
    }

    [Test]
    public async Task A_column_that_is_missing_is_named()
    {
        await SourceAsync(Relay(Schema), "ALTER TABLE chats DROP COLUMN title; ALTER TABLE messages RENAME content TO text;");

        Assert.That(() => Import.ImportAsync(Options), Refused(NexusDataErrorKind.Validation, "lack chats.title, messages.content."));
    }

    [Test]
    public async Task A_schema_may_be_named_in_any_way()
    {
        await AdministerAsync(InSchema(
            "\"Old \"\"Chats\"\"; x\"", [Relay("\"Old \"\"Chats\"\"; x\""), Session(1, "Trains")]));

        Assert.That((await Import.ImportAsync(new() { SourceSchema = "Old \"Chats\"; x" })).Added, Is.EqualTo(1));
    }

    [Test]
    public async Task What_cannot_be_reached_is_named_without_its_password()
    {
        var connection = new NpgsqlConnectionStringBuilder(await AdministratorAsync()) { Database = "there_is_none" };
        var (host, port) = (connection.Host, connection.Port);

        Assert.That(
            () => Import.ImportAsync(new() { SourceConnection = connection.ConnectionString }),
            Refused(NexusDataErrorKind.NotFound, "There is no connection to the source", "there_is_none"));
        Assert.That(
            () => Import.ImportAsync(new()
            {
                SourceConnection = $"Host={host};Port={port};Database=postgres;Username=nobody_at_all;Password=hunter2",
            }),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("nobody_at_all").And.Message.Not.Contains("hunter2"));
    }

    [Test]
    public async Task A_source_that_may_not_be_read_says_so()
    {
        await SourceAsync(Relay(Schema), $"REVOKE SELECT ON {Schema}.messages FROM PUBLIC;");

        Assert.That(() => Import.ImportAsync(Options), Refused(NexusDataErrorKind.Forbidden, "messages", "may read its tables"));
        Assert.That(await ContentAsync(), Is.Empty);
    }

    [Test]
    public async Task A_column_that_may_not_be_read_is_said()
    {
        await SourceAsync(
            Relay(Schema), $"REVOKE SELECT ON {Schema}.messages FROM PUBLIC;", $"GRANT SELECT (id) ON {Schema}.messages TO PUBLIC;");

        Assert.That(() => Import.ImportAsync(Options), Refused(NexusDataErrorKind.Forbidden, "messages", "may read its tables"));
    }

    [Test]
    public async Task Rows_that_a_policy_hides_are_not_passed_over()
    {
        await SourceAsync(
            Relay(Schema), Session(1, "Trains"), Session(4, "Rails"), "ALTER TABLE chats ENABLE ROW LEVEL SECURITY;",
            "CREATE POLICY few ON chats USING (title <> 'Rails');");

        Assert.That(() => Import.ImportAsync(Options), Refused(NexusDataErrorKind.Forbidden, "row-level security", "chats", "BYPASSRLS"));
        Assert.That((await Import.ImportAsync(new() { SourceSchema = Schema, SourceConnection = await AdministratorAsync() })).Added, Is.EqualTo(2));
    }

    [Test]
    public async Task Words_are_read_in_any_language_of_the_source()
    {
        await SourceAsync(
            Opchat(Schema), User(1, "ada", "DISABLED"), Group(10, "Rails"), Member(10, 1, "ADMIN"),
            "ALTER TABLE \"user\" ALTER status TYPE text COLLATE \"tr-x-icu\"; ALTER TABLE membership ALTER role TYPE text COLLATE \"tr-x-icu\";");

        Assert.That((await Import.ImportAsync(Options)).Reasons, Is.Empty);
        await AssertRowsAsync("SELECT status, role FROM users JOIN chat_members ON user_id = id", "disabled|admin");
    }

    // The source is read and waited for longer than the limit, and the database that is imported into has nothing to do meanwhile.
    [TestCase("statement_timeout")]
    [TestCase("lock_timeout")]
    [TestCase("idle_in_transaction_session_timeout")]
    public async Task Limits_of_time_do_not_end_it(string setting)
    {
        await SourceAsync(
            Relay(Schema), Session(1, "Trains"), "ALTER TABLE chats RENAME TO all_chats;",
            "CREATE VIEW chats AS SELECT c.* FROM all_chats c, (SELECT pg_sleep(0.6)) s;", "GRANT SELECT ON chats TO PUBLIC;");
        await AdministerAsync(
            $"ALTER DATABASE \"{new NpgsqlConnectionStringBuilder(ConnectionString).Database}\" SET {setting} = '200ms'");
        await using var holder = new NpgsqlConnection(await AdministratorAsync());
        await holder.OpenAsync();
        await using var free = new NpgsqlCommand($"SET {setting} = 0", holder);
        await free.ExecuteNonQueryAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var gate = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended('nexus.chats/import', 0))", holder);
        await gate.ExecuteNonQueryAsync();
        await using var other = new NpgsqlConnection(await AdministratorAsync());
        await other.OpenAsync();
        await using var freed = new NpgsqlCommand($"SET {setting} = 0", other);
        await freed.ExecuteNonQueryAsync();
        await using var otherTransaction = await other.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand($"LOCK TABLE {Schema}.messages", other);
        await hold.ExecuteNonQueryAsync();

        // In a context of the caller's nothing is tried again.
        await using var db = OpenContext();
        var import = Import.In(db).ImportAsync(Options);
        await Task.Delay(600);
        await transaction.CommitAsync();
        await Task.Delay(2_400);
        await otherTransaction.CommitAsync();

        Assert.That((await import).Added, Is.EqualTo(1));
    }

    [Test]
    public async Task Counts_that_do_not_add_up_are_said_not_to()
    {
        // A view that hides a row from whoever copies it, and not from whoever counts.
        await SourceAsync(
            Relay(Schema), Session(1, "Trains"), Session(4, "Rails"), "ALTER TABLE chats RENAME TO all_chats;",
            "CREATE VIEW chats AS SELECT * FROM all_chats WHERE title <> 'Rails' OR current_query() NOT LIKE 'COPY%';",
            "GRANT SELECT ON chats TO PUBLIC;");

        var report = await Import.ImportAsync(Options);

        Assert.That(report.IsComplete, Is.False);
        Assert.That(report.Tables[0], Is.EqualTo(new ChatImportCount("chats", 2, 1, 0, 0, 0)));
    }

    [Test]
    public void Options_that_make_no_sense_are_refused()
    {
        Assert.That(() => Import.ImportAsync(new() { SourceSchema = " " }), Throws.ArgumentException);
        Assert.That(() => Import.ImportAsync(new() { MostFindings = -1 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static Constraint Refused(NexusDataErrorKind kind, params string[] parts)
        => parts.Aggregate(
            (Constraint)Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(kind),
            (constraint, part) => constraint.And.Message.Contains(part));
}
