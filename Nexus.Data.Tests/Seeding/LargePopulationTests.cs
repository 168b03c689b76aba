using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Seeding.Populations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Seeding;

public sealed class LargePopulationTests : ServiceTest
{
    private static readonly DateTimeOffset _until = new(2025, 6, 1, 0, 0, 0, TimeSpan.Zero);

    // What hangs on the transaction is left out, and nothing else: passwords have one hash, whose salt follows from the seed password.
    private static readonly string[] _tables =
    [
        "(SELECT * FROM users ORDER BY id)", "(SELECT * FROM chats ORDER BY id)", "(SELECT * FROM chat_members ORDER BY chat_id, user_id)",
        """
        (SELECT id, chat_id, type, content, metadata, created_at, sender_id, idempotency_key, request_id, sequence FROM messages ORDER BY id)
        """,
    ];

    [Test]
    public async Task The_usual_population_is_as_large_as_it_says_and_makes_sense()
    {
        var report = await CopyAsync(new() { Until = _until });

        await using var source = NpgsqlDataSource.Create(ConnectionString);
        Assert.Multiple(async () =>
        {
            Assert.That(report.Tables.Select(table => table.Rows).Where((_, index) => index != 2), Is.EqualTo([200L, 375L, 25_000L]));
            Assert.That(await CountAsync(source, "users"), Is.EqualTo(200));
            Assert.That(await CountAsync(source, "chats WHERE kind = 'group'"), Is.EqualTo(75));
            Assert.That(await CountAsync(source, "chats WHERE kind = 'direct'"), Is.EqualTo(300));
            Assert.That(await CountAsync(source, "messages"), Is.EqualTo(25_000));
            Assert.That(await CountAsync(source, "(SELECT DISTINCT sender_id FROM messages) s"), Is.InRange(120, 140));
            Assert.That(
                await CountAsync(source, "messages WHERE extract(hour FROM created_at AT TIME ZONE 'UTC') BETWEEN 9 AND 18") / 25_000.0,
                Is.EqualTo(0.825).Within(0.01));
            Assert.That(
                await CountAsync(source, "(SELECT FROM chats c JOIN chat_members m ON m.chat_id = c.id WHERE kind = 'group' GROUP BY c.id HAVING count(*) NOT BETWEEN 3 AND 15) s"),
                Is.Zero);
            Assert.That(
                await CountAsync(source, "(SELECT FROM chats c JOIN chat_members m ON m.chat_id = c.id WHERE kind = 'direct' GROUP BY c.id HAVING count(*) <> 2 OR bool_or(m.user_id NOT IN (low_user_id, high_user_id))) s"),
                Is.Zero);
            Assert.That(
                await CountAsync(source, "chats c WHERE kind = 'group' AND NOT EXISTS (SELECT FROM chat_members m WHERE (m.chat_id, m.user_id, m.role) = (c.id, c.created_by_user_id, 'admin'))"),
                Is.Zero);
            Assert.That(
                await CountAsync(source, "messages n LEFT JOIN chat_members m ON (m.chat_id, m.user_id) = (n.chat_id, n.sender_id) WHERE m.joined_at IS NULL OR n.created_at < m.joined_at"),
                Is.Zero);
            Assert.That(await CountAsync(source, "messages n JOIN chats c ON c.id = n.chat_id WHERE n.created_at < c.created_at"), Is.Zero);
            Assert.That(await CountAsync(source, "chat_members m JOIN chats c ON c.id = m.chat_id JOIN users u ON u.id = m.user_id WHERE m.joined_at < greatest(c.created_at, u.created_at)"), Is.Zero);
            Assert.That(await CountAsync(source, $"messages WHERE created_at >= '{_until:O}' OR created_at < '{_until.AddDays(-120):O}'"), Is.Zero);
            Assert.That(
                await CountAsync(source, "(SELECT sequence <> row_number() OVER w AS wrong, created_at <= lag(created_at) OVER w AS early FROM messages WINDOW w AS (PARTITION BY chat_id ORDER BY created_at)) s WHERE wrong OR early"),
                Is.Zero);
            Assert.That(
                await CountAsync(source, "chats c WHERE (last_sequence, last_accessed_at) <> (SELECT count(*), coalesce(max(m.created_at), c.created_at) FROM messages m WHERE m.chat_id = c.id)"),
                Is.Zero);
            Assert.That(await Service<UnreadMessages>().VerifyAsync(), Is.Empty);
            Assert.That(await CountAsync(source, "(SELECT DISTINCT length(content) FROM messages) s"), Is.GreaterThan(100));
        });
    }

    [Test]
    public async Task The_same_seed_and_end_give_the_same_bytes_in_any_database()
    {
        var options = new LargePopulationOptions { Until = _until, Users = 60, Groups = 20, DirectChats = 40, Messages = 3_000 };
        await CopyAsync(options);
        var first = await CopiedAsync();
        await AdministerAsync("TRUNCATE users, chats CASCADE");

        await CopyAsync(options with { Until = _until.ToOffset(TimeSpan.FromHours(3)) });
        var second = await CopiedAsync();
        await AdministerAsync("TRUNCATE users, chats CASCADE");
        await CopyAsync(options with { Seed = 2 });

        Assert.That(second, Is.EqualTo(first));
        Assert.That((await CopiedAsync()).Intersect(first), Is.Empty);
    }

    [Test]
    public async Task A_seed_goes_in_once_beside_other_seeds_and_the_small_population()
    {
        var options = new LargePopulationOptions { Until = _until, Messages = 500 };
        await new PopulationStore(Contexts()).PutAsync(SmallPopulation.Read());
        await CopyAsync(options);
        await CopyAsync(options with { Seed = 7 });
        var before = await CopiedAsync();

        var exception = Assert.ThrowsAsync<NexusDataException>(() => CopyAsync(options));

        Assert.That(exception!.Kind, Is.EqualTo(NexusDataErrorKind.Conflict));
        Assert.That(exception.Message, Does.StartWith("Rows of seed 1 are there already: take another seed"));
        Assert.That(await CopiedAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task Somebody_else_of_a_name_is_told_of()
    {
        var options = new LargePopulationOptions { Until = _until, Messages = 0 };
        await CopyAsync(options);
        await AdministerAsync("CREATE TABLE n AS SELECT username FROM users LIMIT 1; TRUNCATE users, chats CASCADE; INSERT INTO users (username) SELECT upper(username) FROM n");

        var exception = Assert.ThrowsAsync<NexusDataException>(() => CopyAsync(options));

        Assert.That(exception!.Message, Does.StartWith("A name of the population belongs to somebody else"));
    }

    [TestCase(1, 1, 0, 10, 1)]
    [TestCase(2, 0, 1, 10, 1)]
    [TestCase(2, 3, 1, 500, 1)]
    [TestCase(5, 0, 10, 2_000, 2)]
    [TestCase(6, 1, 8, 0, 3_650)]
    [TestCase(40, 100, 700, 2_000, 1)]
    public async Task Any_size_comes_out_exactly(int users, int groups, int directChats, int messages, int days)
    {
        var report = await CopyAsync(new()
        {
            Until = _until.AddHours(5),
            Users = users,
            Groups = groups,
            DirectChats = directChats,
            Messages = messages,
            Days = days,
        });

        await using var source = NpgsqlDataSource.Create(ConnectionString);
        Assert.Multiple(async () =>
        {
            Assert.That(report.Tables.Select(table => table.Rows).Where((_, index) => index != 2), Is.EqualTo([users, groups + directChats, (long)messages]));
            Assert.That(await CountAsync(source, "messages n LEFT JOIN chat_members m ON (m.chat_id, m.user_id) = (n.chat_id, n.sender_id) WHERE m.joined_at IS NULL OR n.created_at < m.joined_at"), Is.Zero);
            Assert.That(await CountAsync(source, $"messages WHERE created_at >= '{_until.AddHours(5):O}'"), Is.Zero);
            Assert.That(await Service<UnreadMessages>().VerifyAsync(), Is.Empty);
        });
    }

    [Test]
    public void What_cannot_be_is_refused()
    {
        var options = new LargePopulationOptions { Until = _until };

        Assert.Multiple(() =>
        {
            Refused(options with { Users = 0 }, "1 to 10,000,000 users");
            Refused(options with { Users = 10, DirectChats = 46 }, "10 users are 45 pairs");
            Refused(options with { Groups = 0, DirectChats = 0 }, "Messages need a chat");
            Refused(options with { Messages = -1 }, "messages");
            Refused(options with { Days = 0 }, "days");
            Refused(options with { ActiveShare = 0 }, "share");
            Refused(options with { Until = DateTimeOffset.UtcNow.AddHours(1) }, "future");
        });

        void Refused(LargePopulationOptions wrong, string said)
            => Assert.That(() => CopyAsync(wrong), Throws.InstanceOf<NexusDataException>().With.Message.Contains(said));
    }

    [Test]
    public async Task What_is_stopped_leaves_nothing()
    {
        using var stop = new CancellationTokenSource();
        var progress = new Stopper(stop);

        Assert.That(
            () => new PopulationStore(Contexts()).CopyAsync(new() { Until = _until }, progress, stop.Token),
            Throws.InstanceOf<OperationCanceledException>());

        await using var db = OpenContext();
        Assert.That(await db.Users.AnyAsync(), Is.False);
    }

    private Task<PopulationReport> CopyAsync(LargePopulationOptions options) => new PopulationStore(Contexts()).CopyAsync(options);

    private static async Task<long> CountAsync(NpgsqlDataSource source, string what)
    {
        await using var command = source.CreateCommand($"SELECT count(*) FROM {what}");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task<string[]> CopiedAsync()
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        var hashes = new List<string>();
        foreach (var table in _tables)
        {
            await using var copy = await connection.BeginRawBinaryCopyAsync($"COPY {table} TO STDOUT (FORMAT binary)");
            hashes.Add(Convert.ToHexString(await SHA256.HashDataAsync(copy)));
        }

        return [.. hashes];
    }

    private sealed class Stopper(CancellationTokenSource stop) : IProgress<PopulationProgress>
    {
        public void Report(PopulationProgress value) => stop.Cancel();
    }
}
