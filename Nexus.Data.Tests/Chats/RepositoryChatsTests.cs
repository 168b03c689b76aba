using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Chats;

public sealed class RepositoryChatsTests : DatabaseTest
{
    private static readonly DateTimeOffset _now = new(2025, 3, 31, 22, 30, 0, TimeSpan.Zero);

    // It is April there already.
    private static readonly TimeZoneInfo _berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    private RepositoryChats At(DateTimeOffset time) => new(new Contexts(ConnectionString), new StandingClock(time));

    [Test]
    public async Task A_session_begins_with_the_repository_and_the_day_as_its_title()
    {
        var utc = await At(_now).CreateAsync(" nexus ", "octo/nexus");
        var berlin = await At(_now).CreateAsync("nexus", "octo/nexus", timeZone: _berlin);
        var named = await At(_now).CreateAsync("nexus", "octo/nexus", " A title ");
        var longest = await At(_now).CreateAsync(new string('x', 255), "octo/x");

        Assert.That(
            (utc.Title, berlin.Title, named.Title), Is.EqualTo(("nexus - 2025-03-31", "nexus - 2025-04-01", "A title")));
        Assert.That(longest.Title, Has.Length.EqualTo(255).And.EndsWith("x - 2025-03-31"));
        Assert.That(
            (utc.RepositoryName, utc.CreatedAt, utc.UpdatedAt, utc.LastAccessedAt, utc.ActiveIssue, utc.QuietMode),
            Is.EqualTo(("nexus", _now, _now, _now, (ActiveIssue?)null, false)));
        Assert.That(await At(_now).FindAsync(utc.Id), Is.EqualTo(utc));
    }

    [TestCase("", "octo/nexus", null)]
    [TestCase("nexus", " ", null)]
    public void What_names_no_repository_is_refused(string name, string fullName, string? title)
        => Assert.That(
            () => At(_now).CreateAsync(name, fullName, title),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Validation));

    [Test]
    public async Task A_title_has_at_most_255_characters()
    {
        var chat = await At(_now).CreateAsync("nexus", "octo/nexus", new string('x', 255));

        Assert.That(
            () => At(_now).RenameAsync(chat.Id, new string('x', 256)),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("255"));
        Assert.That(() => At(_now).RenameAsync(chat.Id, " "), Throws.InstanceOf<NexusDataException>());
    }

    [Test]
    public async Task What_is_said_of_a_session_changes_its_time_of_change_and_touching_the_other_one_and_reading_none()
    {
        var chat = await At(_now).CreateAsync("nexus", "octo/nexus");
        var (later, latest) = (_now.AddHours(1), _now.AddHours(2));
        var issue = new ActiveIssue(7, "It breaks", "https://example.com/7");

        await At(later).RenameAsync(chat.Id, "Renamed");
        await At(later).SetActiveIssueAsync(chat.Id, issue);
        await At(later).SetQuietModeAsync(chat.Id, true);
        await At(latest).FindAsync(chat.Id);
        await At(latest).ListAsync();
        var changed = await At(latest).FindAsync(chat.Id);
        await At(latest).TouchAsync(chat.Id);
        await At(_now).TouchAsync(chat.Id);
        await At(latest).SetActiveIssueAsync(chat.Id, null);
        var touched = await At(latest).FindAsync(chat.Id);

        Assert.That(
            changed, Is.EqualTo(chat with { Title = "Renamed", ActiveIssue = issue, QuietMode = true, UpdatedAt = later }));
        Assert.That(
            touched, Is.EqualTo(changed! with { LastAccessedAt = latest, UpdatedAt = latest, ActiveIssue = null }),
            "A clock that is slow takes nothing back.");
    }

    [Test]
    public async Task What_is_not_there_is_said_to_be_none()
    {
        var nobody = Guid.NewGuid();
        var chats = At(_now);

        Assert.That(await chats.FindAsync(nobody), Is.Null);
        Assert.That(await chats.DeleteAsync(nobody), Is.False);
        foreach (var change in (Func<Task>[])
        [
            () => chats.TouchAsync(nobody), () => chats.RenameAsync(nobody, "x"), () => chats.SetQuietModeAsync(nobody, true),
            () => chats.SetActiveIssueAsync(nobody, new(1)),
        ])
        {
            Assert.That(
                () => change(), Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.NotFound));
        }
    }

    [Test]
    public async Task Rooms_of_the_team_are_no_sessions()
    {
        await AdministerAsync("INSERT INTO chats (id, kind) VALUES ('00000000-0000-0000-0000-000000000001', 'group')");
        var room = Guid.Parse("00000000-0000-0000-0000-000000000001");

        Assert.That(await At(_now).FindAsync(room), Is.Null);
        Assert.That((await At(_now).ListAsync()).Items, Is.Empty);
        Assert.That(await At(_now).DeleteAsync(room), Is.False);
        Assert.That(() => At(_now).TouchAsync(room), Throws.InstanceOf<NexusDataException>());
    }

    [Test]
    public async Task Pages_show_each_session_once_newest_first_also_at_equal_times()
    {
        var random = new Random(1);
        var made = new List<RepositoryChatInfo>();
        for (var n = 0; n < 60; n++)
        {
            made.Add(await At(_now.AddMinutes(random.Next(5))).CreateAsync("nexus", n % 3 == 0 ? "octo/nexus" : "octo/other"));
        }

        foreach (var repository in new[] { null, "octo/nexus" })
        {
            var expected = made.Where(chat => repository is null || chat.RepositoryFullName == repository)
                .OrderByDescending(chat => chat.LastAccessedAt).ThenByDescending(chat => chat.Id.ToString(), StringComparer.Ordinal);
            var seen = new List<RepositoryChatInfo>();
            string? after = null;
            do
            {
                var page = await At(_now).ListAsync(repository, after, random.Next(1, 9));
                seen.AddRange(page.Items);
                after = page.Next;
            }
            while (after is not null);

            Assert.That(seen, Is.EqualTo(expected));
        }

        var first = await At(_now).ListAsync(limit: 5);
        Assert.That(() => At(_now).ListAsync("octo/nexus", first.Next), Throws.InstanceOf<NexusDataException>());
    }

    [Test]
    public async Task A_page_reads_its_index_and_no_more()
    {
        await AdministerAsync(
            """
            INSERT INTO chats (kind, title, repository_name, repository_full_name, quiet_mode, last_accessed_at)
            SELECT 'repository', 'A title', 'r', 'octo/r' || n % 50, false, now() - n * interval '1 minute'
            FROM generate_series(1, 20000) AS n;
            ANALYZE chats
            """);

        foreach (var (repository, index) in new[]
        {
            (default(string), "idx_chats_last_accessed_at"), ("octo/r7", "idx_chats_repository_full_name"),
        })
        {
            var chats = new RepositoryChats(Contexts());
            var after = (await chats.ListAsync(repository, limit: 10)).Next;
            var plans = await QueryPlans.OfAsync(
                await AdministratorAsync(), db => chats.In(db).ListAsync(repository, after, limit: 20));

            Assert.That((plans.Indexes, plans.Scanned, plans.Statements), Is.EqualTo((new[] { index }, Array.Empty<string>(), 1)), plans.All);
            Assert.That(plans.Buffers, Is.LessThan(40), plans.All);
        }

        Contexts Contexts() => new(ConnectionString);
    }

    [Test]
    public async Task The_newest_are_grouped_by_the_callers_days()
    {
        var times = new Dictionary<string, DateTimeOffset>
        {
            ["just now"] = _now,
            ["this morning in Berlin"] = new(2025, 3, 31, 22, 0, 0, TimeSpan.Zero),
            ["yesterday in Berlin"] = new(2025, 3, 31, 21, 59, 0, TimeSpan.Zero),
            ["two days ago"] = _now.AddDays(-2),
            // Summer time began between.
            ["seven days ago"] = new(2025, 3, 24, 23, 0, 0, TimeSpan.Zero),
            ["eight days ago"] = new(2025, 3, 24, 22, 59, 0, TimeSpan.Zero),
            ["thirty days ago"] = new(2025, 3, 1, 23, 30, 0, TimeSpan.Zero),
            ["thirty-one days ago"] = new(2025, 3, 1, 22, 30, 0, TimeSpan.Zero),
        };
        foreach (var (title, time) in times)
        {
            await At(time).CreateAsync("nexus", "octo/nexus", title);
        }

        var berlin = await At(_now).RecentAsync(_berlin);
        var utc = await At(_now).RecentAsync(TimeZoneInfo.Utc, limit: 3);

        Assert.That(
            berlin.Select(group => $"{group.Period}: {string.Join(", ", group.Chats.Select(chat => chat.Title))}"),
            Is.EqualTo((string[])
            [
                "Today: just now, this morning in Berlin", "Yesterday: yesterday in Berlin",
                "Previous7Days: two days ago, seven days ago", "Previous30Days: eight days ago, thirty days ago",
                "Older: thirty-one days ago",
            ]));
        Assert.That(utc.Single().Period, Is.EqualTo(RecentPeriod.Today));
    }

    [Test]
    public async Task A_session_takes_its_messages_and_snapshots_along()
    {
        var chat = await At(_now).CreateAsync("nexus", "octo/nexus");
        await AdministerAsync(
            $"""
            INSERT INTO messages (chat_id, type, content, sequence) VALUES ('{chat.Id}', 'user', 'x', 1);
            INSERT INTO chat_snapshots (chat_id, version) VALUES ('{chat.Id}', 1)
            """);

        Assert.That((await At(_now).DeleteAsync(chat.Id), await At(_now).DeleteAsync(chat.Id)), Is.EqualTo((true, false)));

        await using var db = OpenContext();
        Assert.That((db.Messages.Count(), db.ChatSnapshots.Count()), Is.EqualTo((0, 0)));
    }
}
