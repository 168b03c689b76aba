using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Chats;

public sealed class ChatRoomsTests : RoomTest
{
    [Test]
    public async Task A_direct_chat_is_one_for_the_pair_in_either_order()
    {
        var people = await PeopleAsync(3);

        var first = await Rooms.OpenDirectAsync(people[0], people[1]);
        var second = await Rooms.OpenDirectAsync(people[1], people[0]);
        var other = await Rooms.OpenDirectAsync(people[1], people[2]);

        Assert.That(second, Is.EqualTo(first));
        Assert.That(other.Id, Is.Not.EqualTo(first.Id));
        Assert.That((first.Kind, first.LowUserId, first.HighUserId), Is.EqualTo((ChatKind.Direct, (Guid?)people[..2].Min(), (Guid?)people[..2].Max())));
        Assert.That(
            (await Rooms.MembersAsync(first.Id)).Items.Select(member => (member.UserId, member.Role)),
            Is.EquivalentTo(people[..2].Select(user => (user, ChatRole.Member))));
        Assert.That(await Rooms.FindAsync(first.Id), Is.EqualTo(first));
        await AnonymizeAsync(people[1]);
        Assert.That(await Rooms.OpenDirectAsync(people[0], people[1]), Is.EqualTo(first), "What was said stays.");
    }

    [Test]
    public async Task However_many_ask_for_a_new_pair_at_once_there_is_one_direct_chat()
    {
        for (var round = 0; round < TestScale.Of(3, 20); round++)
        {
            var (ada, bob) = (await PersonAsync($"ada-{round}"), await PersonAsync($"bob-{round}"));
            var rooms = Rooms;

            var opened = await AtOnceAsync(160, n => n % 2 == 0 ? rooms.OpenDirectAsync(ada, bob) : rooms.OpenDirectAsync(bob, ada));

            Assert.That(opened.Distinct().Count(), Is.EqualTo(1));
            Assert.That((await rooms.MembersAsync(opened[0].Id)).Items, Has.Count.EqualTo(2));
            await using var db = OpenContext();
            Assert.That(db.Chats.Count(), Is.EqualTo(round + 1));
        }

        Assert.That(await DeadlocksAsync(), Is.Zero);
    }

    [Test]
    public async Task A_direct_chat_wants_two_people_who_are_there()
    {
        var people = await PeopleAsync(3);
        await AnonymizeAsync(people[2]);
        var nobody = Guid.NewGuid();

        Assert.That(() => Rooms.OpenDirectAsync(people[0], people[0]), Refused(NexusDataErrorKind.Validation, $"{people[0]}"));
        Assert.That(() => Rooms.OpenDirectAsync(people[0], nobody), Refused(NexusDataErrorKind.NotFound, $"{nobody}"));
        Assert.That(() => Rooms.OpenDirectAsync(people[2], people[0]), Refused(NexusDataErrorKind.NotFound, $"{people[2]}"));
        await using var db = OpenContext();
        Assert.That(db.Chats.Count(), Is.Zero);
    }

    [Test]
    public async Task Whoever_makes_a_group_is_its_admin_and_the_others_are_members_once()
    {
        var people = await PeopleAsync(3);

        var group = await Rooms.CreateGroupAsync(people[1], " Trains ", [people[0], people[2], people[0], people[1]]);
        var alone = await Rooms.CreateGroupAsync(people[0], null, []);

        Assert.That((group.Kind, group.Topic, group.CreatedByUserId), Is.EqualTo((ChatKind.Group, "Trains", (Guid?)people[1])));
        Assert.That(
            (await Rooms.MembersAsync(group.Id)).Items.Select(member => (member.UserId, member.Role)),
            Is.EquivalentTo(people.Select(user => (user, user == people[1] ? ChatRole.Admin : ChatRole.Member))));
        Assert.That((await Rooms.MembersAsync(alone.Id)).Items.Single().Role, Is.EqualTo(ChatRole.Admin));
    }

    [Test]
    public async Task A_group_that_names_somebody_who_is_not_there_is_not_made()
    {
        var people = await PeopleAsync(2);
        var nobody = Guid.NewGuid();

        Assert.That(() => Rooms.CreateGroupAsync(people[0], "x", [people[1], nobody]), Refused(NexusDataErrorKind.NotFound, $"{nobody}"));
        Assert.That(() => Rooms.CreateGroupAsync(nobody, "x", []), Refused(NexusDataErrorKind.NotFound, $"{nobody}"));
        Assert.That(
            () => Rooms.CreateGroupAsync(people[0], new string('x', 256), []), Refused(NexusDataErrorKind.Validation, "255"));
        await DisableAsync(people[0]);
        Assert.That(() => Rooms.CreateGroupAsync(people[0], "x", []), Refused(NexusDataErrorKind.Forbidden, $"{people[0]}"));
        await using var db = OpenContext();
        Assert.That(db.Chats.Count(), Is.Zero);
    }

    [Test]
    public async Task Adding_never_changes_a_role_and_whoever_is_added_has_read_what_was_there()
    {
        var people = await PeopleAsync(3);
        var group = await GroupAsync(people[0]);
        await SayAsync(group, people[0], "before");

        Assert.That(await Rooms.AddMemberAsync(group, people[1]), Is.EqualTo(RoomChange.Done));
        Assert.That(await Rooms.AddMemberAsync(group, people[0]), Is.EqualTo(RoomChange.Unchanged));
        Assert.That(await Rooms.AddMemberAsync(group, people[1], ChatRole.Admin), Is.EqualTo(RoomChange.Unchanged));
        await SayAsync(group, people[0], "after");

        Assert.That(
            (await Rooms.FindRoleAsync(group, people[0]), await Rooms.FindRoleAsync(group, people[1]), await Rooms.FindRoleAsync(group, people[2])),
            Is.EqualTo(((ChatRole?)ChatRole.Admin, (ChatRole?)ChatRole.Member, (ChatRole?)null)));
        Assert.That(await Unread.CountAsync(group, people[1]), Is.EqualTo(1));
    }

    [Test]
    public async Task Only_a_group_gets_or_loses_members()
    {
        var people = await PeopleAsync(3);
        var direct = (await Rooms.OpenDirectAsync(people[0], people[1])).Id;
        var session = await SessionAsync();
        var nothing = Guid.NewGuid();

        foreach (var (chat, kind) in new[]
        {
            (direct, NexusDataErrorKind.Validation), (session, NexusDataErrorKind.Validation), (nothing, NexusDataErrorKind.NotFound),
        })
        {
            Assert.That(() => Rooms.AddMemberAsync(chat, people[2]), Refused(kind, $"{chat}"));
            Assert.That(() => Rooms.LeaveAsync(chat, people[0]), Refused(kind, $"{chat}"));
            Assert.That(() => Rooms.SetRoleAsync(chat, people[0], ChatRole.Admin), Refused(kind, $"{chat}"));
            Assert.That(() => Rooms.SetTopicAsync(chat, "x"), Refused(kind, $"{chat}"));
        }

        Assert.That((await Rooms.MembersAsync(direct)).Items, Has.Count.EqualTo(2));
        Assert.That(await Rooms.FindAsync(session), Is.Null);
        Assert.That(await Rooms.DeleteAsync(session), Is.False);
    }

    [Test]
    public async Task Whoever_is_no_member_or_nobody_is_told_so()
    {
        var people = await PeopleAsync(2);
        var group = await GroupAsync(people[0]);
        var gone = await PersonAsync("gone");
        await AnonymizeAsync(gone);

        Assert.That(await Rooms.LeaveAsync(group, people[1]), Is.EqualTo(RoomChange.Unchanged));
        Assert.That(
            () => Rooms.SetRoleAsync(group, people[1], ChatRole.Admin), Refused(NexusDataErrorKind.Forbidden, $"{people[1]}"));
        Assert.That(() => Rooms.AddMemberAsync(group, gone), Refused(NexusDataErrorKind.NotFound, $"{gone}"));
        Assert.That(() => Rooms.AddMemberAsync(group, people[1], (ChatRole)7), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_group_keeps_an_admin()
    {
        var people = await PeopleAsync(2);
        var group = await GroupAsync(people);

        Assert.That(await Rooms.LeaveAsync(group, people[0]), Is.EqualTo(RoomChange.LastAdmin));
        Assert.That(await Rooms.SetRoleAsync(group, people[0], ChatRole.Member), Is.EqualTo(RoomChange.LastAdmin));
        Assert.That(await Rooms.SetRoleAsync(group, people[0], ChatRole.Admin), Is.EqualTo(RoomChange.Unchanged));
        Assert.That(await Rooms.SetRoleAsync(group, people[1], ChatRole.Admin), Is.EqualTo(RoomChange.Done));
        Assert.That(await Rooms.LeaveAsync(group, people[0]), Is.EqualTo(RoomChange.Done));
        Assert.That(await Rooms.LeaveAsync(group, people[1]), Is.EqualTo(RoomChange.Done), "Nobody is left who wants one.");
        Assert.That((await Rooms.MembersAsync(group)).Items, Is.Empty);
        Assert.That(await Rooms.AddMemberAsync(group, people[1]), Is.EqualTo(RoomChange.Done));
        Assert.That(await Rooms.FindRoleAsync(group, people[1]), Is.EqualTo(ChatRole.Admin), "Whoever comes into an empty group.");
    }

    [Test]
    public async Task A_member_who_comes_while_the_last_one_goes_finds_an_admin_or_is_one()
    {
        for (var round = 0; round < TestScale.Of(20, 200); round++)
        {
            var (ada, bob) = (await PersonAsync($"ada-{round}"), await PersonAsync($"bob-{round}"));
            var group = await GroupAsync(ada);
            var rooms = Rooms;

            await AtOnceAsync(2, n => n == 0 ? rooms.LeaveAsync(group, ada) : rooms.AddMemberAsync(group, bob));

            Assert.That((await rooms.MembersAsync(group)).Items.Count(member => member.Role == ChatRole.Admin), Is.EqualTo(1));
        }

        Assert.That(await DeadlocksAsync(), Is.Zero);
    }

    [Test]
    public async Task Admins_who_all_go_at_once_leave_one()
    {
        for (var round = 0; round < TestScale.Of(5, 50); round++)
        {
            var admins = new[] { await PersonAsync($"a-{round}"), await PersonAsync($"b-{round}"), await PersonAsync($"c-{round}") };
            var group = await GroupAsync([.. admins, await PersonAsync($"d-{round}")]);
            await Rooms.SetRoleAsync(group, admins[1], ChatRole.Admin);
            await Rooms.SetRoleAsync(group, admins[2], ChatRole.Admin);
            var rooms = Rooms;

            var outcomes = await AtOnceAsync(
                3, n => n == 0 ? rooms.SetRoleAsync(group, admins[0], ChatRole.Member) : rooms.LeaveAsync(group, admins[n]));

            Assert.That(outcomes, Is.EquivalentTo((RoomChange[])[RoomChange.Done, RoomChange.Done, RoomChange.LastAdmin]));
            Assert.That((await rooms.MembersAsync(group)).Items.Count(member => member.Role == ChatRole.Admin), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task The_list_shows_each_room_with_its_title_its_newest_message_and_what_is_unread()
    {
        var (ada, bob, cy) = (await PersonAsync("Ada"), await PersonAsync("Bob"), await PersonAsync("Cy"));
        var direct = (await Rooms.OpenDirectAsync(ada, bob)).Id;
        var named = (await Rooms.CreateGroupAsync(ada, "Trains", [bob])).Id;
        var nameless = (await Rooms.CreateGroupAsync(ada, null, [bob, cy])).Id;
        var gone = (await Rooms.OpenDirectAsync(ada, cy)).Id;
        await SayAsync(gone, cy, "bye");
        await SayAsync(named, bob, "1");
        await SayAsync(named, bob, "2");
        await SayAsync(direct, ada, new string('x', 300));
        await SessionAsync();
        await AnonymizeAsync(cy);

        var list = (await Rooms.ListAsync(ada)).Items;

        Assert.That(
            list.Select(room => (room.Id, room.Title, room.UnreadCount, room.LastMessage?.Text, room.LastMessage?.SenderName)),
            Is.EqualTo(((Guid, string?, long, string?, string?)[])
            [
                (direct, "Bob", 0, new string('x', 200), "Ada"), (named, "Trains", 2, "2", "Bob"),
                (gone, null, 1, "bye", null), (nameless, "Bob", 0, null, null),
            ]));
        Assert.That(list.Select(room => room.Role), Is.EqualTo((ChatRole[])[ChatRole.Member, ChatRole.Admin, ChatRole.Member, ChatRole.Admin]));
        Assert.That(await Unread.CountAllAsync(ada), Is.EqualTo(3));
        Assert.That((await Rooms.ListAsync(bob)).Items.Select(room => room.Title), Is.EqualTo(["Ada", "Trains", "Ada"]));
        Assert.That((await Rooms.ListAsync(Guid.NewGuid())).Items, Is.Empty);
    }

    [Test]
    public async Task Pages_show_each_room_and_each_member_once_also_at_equal_times()
    {
        var people = await PeopleAsync(12);
        foreach (var other in people[1..])
        {
            await Rooms.OpenDirectAsync(people[0], other);
        }

        var group = await GroupAsync(people);
        await AdministerAsync("UPDATE chats SET last_accessed_at = '2025-03-01'");
        var (rooms, members) = (new List<Guid>(), new List<Guid>());
        for (string? cursor = null, next = ""; next is not null; cursor = next)
        {
            var page = await Rooms.ListAsync(people[0], cursor, limit: 5);
            rooms.AddRange(page.Items.Select(room => room.Id));
            next = page.Next;
        }

        for (string? cursor = null, next = ""; next is not null; cursor = next)
        {
            var page = await Rooms.MembersAsync(group, cursor, limit: 5);
            members.AddRange(page.Items.Select(member => member.UserId));
            next = page.Next;
        }

        Assert.That((rooms.Count, rooms.Distinct().Count()), Is.EqualTo((12, 12)));
        Assert.That(members, Is.EquivalentTo(people).And.Ordered);
        Assert.That(() => Rooms.ListAsync(people[1], "x"), Refused(NexusDataErrorKind.Validation));
    }

    [Test]
    public async Task A_topic_is_changed_and_taken_away_and_a_room_goes_with_all_that_hangs_on_it()
    {
        var people = await PeopleAsync(2);
        var group = await GroupAsync(people);
        await SayAsync(group, people[0], "x");

        await Rooms.SetTopicAsync(group, " Cats ");
        var named = await Rooms.FindAsync(group);
        await Rooms.SetTopicAsync(group, null);
        var nameless = await Rooms.FindAsync(group);

        Assert.That((named!.Topic, nameless!.Topic), Is.EqualTo(("Cats", (string?)null)));
        Assert.That(named.UpdatedAt, Is.GreaterThan(named.CreatedAt));
        Assert.That((await Rooms.DeleteAsync(group), await Rooms.DeleteAsync(group)), Is.EqualTo((true, false)));
        await using var db = OpenContext();
        Assert.That((db.Messages.Count(), db.ChatMembers.Count()), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task What_several_services_do_in_a_callers_transaction_comes_and_goes_with_it()
    {
        var people = await PeopleAsync(2);
        await using var db = OpenContext();
        foreach (var isKept in new[] { false, true })
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            var room = await Rooms.In(db).OpenDirectAsync(people[0], people[1]);
            await Messages.In(db).PostAsync(Text(room.Id, people[0], "hello"));
            await Unread.In(db).MarkReadAsync(room.Id, people[1]);
            Assert.That(await Rooms.FindAsync(room.Id), Is.Null, "Nobody else sees it yet.");
            await (isKept ? transaction.CommitAsync() : transaction.RollbackAsync());
            Assert.That((await Rooms.ListAsync(people[1])).Items, Has.Count.EqualTo(isKept ? 1 : 0));
        }
    }
}
