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

        Assert.That(() => Import.ImportAsync(Options), Throws.InstanceOf<PostgresException>().With.Property("SqlState").EqualTo("42501"));
        Assert.That(await ContentAsync(), Is.Empty);
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
