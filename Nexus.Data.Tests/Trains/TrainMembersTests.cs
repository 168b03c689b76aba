using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Trains;
using Npgsql;

namespace Nexus.Data.Tests.Trains;

public sealed class TrainMembersTests : TrainTest
{
    private const string Second = "Bob@Example.com";

    [Test]
    public async Task An_address_is_one_person_in_any_letters()
    {
        await MakeAsync();

        var added = await Members.AddAsync("rail-club", " Bob@Example.com ", TrainRole.Member, Owner);
        var again = await Members.AddAsync("rail-club", "bob@EXAMPLE.com", TrainRole.Owner, Owner);
        var role = await Members.ChangeRoleAsync("rail-club", "BOB@example.com", TrainRole.Owner);

        Assert.That((added, again, role), Is.EqualTo((MemberChange.Done, MemberChange.Unchanged, MemberChange.Done)));
        Assert.That(
            (await Members.ListAsync("rail-club")).Select(member => (member.Email, member.Role, member.AddedBy)),
            Is.EqualTo([(Owner, TrainRole.Owner, Owner), ("Bob@Example.com", TrainRole.Owner, Owner)]));
    }

    [Test]
    public async Task The_database_itself_holds_an_address_once()
    {
        var train = await MakeAsync();

        Assert.That(
            () => AdministerAsync(
                $"INSERT INTO train_members (train_id, user_email, role, added_by) VALUES ('{train.Id}', 'ADA@example.com', 'member', 'x')"),
            Throws.InstanceOf<PostgresException>().With.Property("ConstraintName").EqualTo("train_members_train_id_address_key"));
    }

    [Test]
    public async Task Owners_come_first_then_addresses()
    {
        await MakeAsync();
        foreach (var (email, role) in new[] { ("zoe@x.org", TrainRole.Owner), ("Cy@x.org", TrainRole.Member), ("bo@x.org", TrainRole.Member) })
        {
            await Members.AddAsync("rail-club", email, role, Owner);
        }

        Assert.That(
            (await Members.ListAsync("rail-club")).Select(member => member.Email),
            Is.EqualTo([Owner, "zoe@x.org", "bo@x.org", "Cy@x.org"]));
    }

    [Test]
    public async Task The_last_owner_is_neither_removed_nor_demoted()
    {
        await MakeAsync();
        await Members.AddAsync("rail-club", Second, TrainRole.Member, Owner);

        var removed = await Members.RemoveAsync("rail-club", Owner);
        var demoted = await Members.ChangeRoleAsync("rail-club", Owner, TrainRole.Member);
        var same = await Members.ChangeRoleAsync("rail-club", Owner, TrainRole.Owner);
        var member = await Members.RemoveAsync("rail-club", Second);
        var gone = await Members.RemoveAsync("rail-club", Second);

        Assert.That(
            (removed, demoted, same, member, gone),
            Is.EqualTo((MemberChange.LastOwner, MemberChange.LastOwner, MemberChange.Unchanged, MemberChange.Done, MemberChange.NotAMember)));
        Assert.That((await Members.ListAsync("rail-club")).Single().Role, Is.EqualTo(TrainRole.Owner));
    }

    [Test]
    public async Task One_of_two_owners_may_go_and_the_other_stays()
    {
        await MakeAsync("rail-club", Second);
        await MakeAsync("other", Second);

        Assert.That(await Members.RemoveAsync("rail-club", Owner), Is.EqualTo(MemberChange.Done));
        Assert.That(await Members.ChangeRoleAsync("rail-club", Second, TrainRole.Member), Is.EqualTo(MemberChange.LastOwner));
        Assert.That(await Members.ListAsync("other"), Has.Count.EqualTo(2), "another train");
    }

    [Test]
    public void A_train_that_is_not_there_is_named([Values(0, 1, 2, 3)] int what)
        => Assert.That(
            () => what switch
            {
                0 => Members.ListAsync("nowhere"),
                1 => Members.AddAsync("nowhere", Owner, TrainRole.Owner, "x"),
                2 => Members.RemoveAsync("nowhere", Owner),
                _ => (Task)Members.ChangeRoleAsync("nowhere", Owner, TrainRole.Owner),
            },
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("nowhere")
                .And.Property("Kind").EqualTo(NexusDataErrorKind.NotFound));

    [TestCase("")]
    [TestCase("nobody")]
    [TestCase("@x")]
    [TestCase("x@")]
    [TestCase("a b@x.org")]
    [TestCase("a\0@x.org")]
    public async Task What_is_no_address_is_refused(string email)
    {
        await MakeAsync();

        Assert.That(
            () => Members.AddAsync("rail-club", email, TrainRole.Member, Owner),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Validation));
    }

    [Test]
    public async Task Several_changes_join_one_transaction_and_an_outcome_does_not_break_it()
    {
        await MakeAsync();

        var last = await Factory.ExecuteInTransactionAsync(async (db, token) =>
        {
            var members = Members.In(db);
            await members.AddAsync("rail-club", Owner.ToUpperInvariant(), TrainRole.Member, Owner, token);
            var refused = await members.RemoveAsync("rail-club", Owner, token);
            await members.AddAsync("rail-club", Second, TrainRole.Owner, Owner, token);
            await members.RemoveAsync("rail-club", Owner, token);
            return refused;
        });

        Assert.That(last, Is.EqualTo(MemberChange.LastOwner));
        Assert.That((await Members.ListAsync("rail-club")).Single().Email, Is.EqualTo(Second));
    }

    [Test]
    public async Task What_a_callers_transaction_undoes_was_not_done()
    {
        await MakeAsync();
        await using (var db = OpenContext())
        await using (await db.Database.BeginTransactionAsync())
        {
            await Members.In(db).AddAsync("rail-club", Second, TrainRole.Owner, Owner);
        }

        Assert.That((await Members.ListAsync("rail-club")).Single().Email, Is.EqualTo(Owner));
    }

    [Test]
    [Category("Load")]
    public async Task Two_owners_who_remove_and_demote_each_other_at_once_leave_one()
    {
        var outcomes = new Dictionary<MemberChange, int>();
        var deadlocks = await DeadlocksAsync();
        for (var round = 0; round < 60; round++)
        {
            var train = $"round-{round}";
            await MakeAsync(train, Second);

            var results = await Task.WhenAll(ActAsync(train, Second, round % 2 == 0), ActAsync(train, Owner, round % 3 == 0));

            var owners = (await Members.ListAsync(train)).Count(member => member.Role == TrainRole.Owner);
            Assert.That(owners, Is.EqualTo(1), $"round {round}: {results[0]}, {results[1]}");
            Assert.That(results, Is.EquivalentTo([MemberChange.Done, MemberChange.LastOwner]), $"round {round}");
            foreach (var result in results)
            {
                outcomes[result] = outcomes.GetValueOrDefault(result) + 1;
            }
        }

        // A service would try again after one, so the outcomes alone do not tell.
        Assert.That(await DeadlocksAsync(), Is.EqualTo(deadlocks), "deadlocks");
        TestContext.Out.WriteLine(string.Join(", ", outcomes.Select(outcome => $"{outcome.Key}: {outcome.Value}")));
    }

    [Test]
    [Category("Load")]
    public async Task The_last_of_many_owners_stays_whatever_all_do_at_once()
    {
        string[] owners = [Owner, .. Enumerable.Range(0, 11).Select(i => $"owner{i}@example.com")];
        for (var round = 0; round < 5; round++)
        {
            var train = $"crowd-{round}";
            await MakeAsync(train, owners[1..]);

            var results = await Task.WhenAll(owners.Select((owner, i) => ActAsync(train, owner, i % 2 == 0)));

            Assert.That(results.Count(result => result == MemberChange.LastOwner), Is.EqualTo(1));
            Assert.That((await Members.ListAsync(train)).Count(member => member.Role == TrainRole.Owner), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task A_callers_transaction_that_sees_an_older_state_fails_and_is_not_wrong()
    {
        await MakeAsync("rail-club", Second);
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await db.Trains.CountAsync();
        await Members.RemoveAsync("rail-club", Owner);

        Assert.That(
            () => Members.In(db).RemoveAsync("rail-club", Second),
            Throws.InstanceOf<PostgresException>().With.Property("SqlState").EqualTo("40001"));
    }

    [TestCase(0)]
    [TestCase(0xd800)]
    public async Task Who_cannot_be_stored_is_nobody_and_no_error(int character)
    {
        await MakeAsync();
        var email = $"nobody{(char)character}@example.com";

        Assert.Multiple(async () =>
        {
            Assert.That(await Members.RemoveAsync("rail-club", email), Is.EqualTo(MemberChange.NotAMember));
            Assert.That(await Provider.GetRequiredService<TrainAccess>().FindRoleAsync("rail-club", email), Is.Null);
            Assert.That(await Trains.ListForMemberAsync(email), Is.Empty);
            Assert.That(await Trains.FindAsync(email), Is.Null);
            Assert.That(await Keys.ListAsync(email), Is.Empty);
            Assert.That(() => Members.ListAsync(email), Throws.InstanceOf<NexusDataException>());
            Assert.That(
                () => Members.AddAsync("rail-club", email, TrainRole.Member, Owner),
                Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Validation));
        });
    }

    [Test]
    public async Task A_role_that_there_is_not_is_the_callers_mistake()
    {
        await MakeAsync();

        Assert.That(() => Members.AddAsync("rail-club", Second, (TrainRole)7, Owner), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Members.ChangeRoleAsync("rail-club", Owner, (TrainRole)7), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    // What has been told by now: a connection tells at the latest when it is closed.
    // On a thread and a connection of its own.
    private Task<MemberChange> ActAsync(string train, string email, bool isRemoval) => Task.Run(() => isRemoval
        ? Members.RemoveAsync(train, email)
        : Members.ChangeRoleAsync(train, email, TrainRole.Member));
}
