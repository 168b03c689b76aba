using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Trains;

public sealed class TrainServiceTests : TrainTest
{
    private const string Webhook = "https://hooks.slack.example/services/T0/B0/qwertyuiopasdfgh";

    [Test]
    public async Task A_train_is_made_with_its_first_owner()
    {
        var made = await Trains.CreateAsync(
            new() { TrainId = "rail-club", Name = " Rail Club ", Description = "", SlackChannel = "#rail" }, Owner, "system");

        var found = (await Trains.FindAsync("rail-club"))!;
        Assert.Multiple(() =>
        {
            Assert.That(found.Id, Is.EqualTo(made.Id));
            Assert.That((found.Name, found.Description), Is.EqualTo(("Rail Club", (string?)null)));
            Assert.That(found.Slack, Is.EqualTo(new SlackInfo(false, false, "#rail", null, null)));
            Assert.That(found.CreatedAt, Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(1)));
            Assert.That(
                found.Members.Select(member => (member.Email, member.Role, member.AddedBy)),
                Is.EqualTo([(Owner, TrainRole.Owner, "system")]));
        });
        Assert.That((await Trains.FindAsync(made.Id))!.TrainId, Is.EqualTo("rail-club"));
        Assert.That(await Trains.FindAsync("nowhere"), Is.Null);
    }

    [Test]
    public async Task A_slug_that_is_taken_is_a_conflict_and_a_callers_transaction_survives_it()
    {
        await MakeAsync();

        await Factory.ExecuteInTransactionAsync(async (db, token) =>
        {
            var error = Assert.ThrowsAsync<NexusDataException>(
                () => Trains.In(db).CreateAsync(new() { TrainId = "rail-club", Name = "Again" }, Owner, null, token))!;
            Assert.That((error.Kind, error.Message), Is.EqualTo((NexusDataErrorKind.Conflict, "There is a train 'rail-club' already.")));
            await Trains.In(db).CreateAsync(new() { TrainId = "other", Name = "Other" }, Owner, null, token);
        });

        Assert.That((await Trains.ListAsync()).Select(train => train.TrainId), Is.EqualTo(["other", "rail-club"]));
    }

    [Test]
    public async Task Without_an_owner_there_is_no_train()
    {
        Assert.That(
            () => Trains.CreateAsync(new() { TrainId = "rail-club", Name = "Rail Club" }, "nobody"),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("'nobody' is no e-mail address"));
        Assert.That(await Trains.ListAsync(), Is.Empty);
    }

    [Test]
    public async Task What_is_refused_leaves_nothing_in_a_callers_transaction()
    {
        await MakeAsync();

        await Factory.ExecuteInTransactionAsync(async (db, token) =>
        {
            Assert.That(
                () => Trains.In(db).CreateAsync(new() { TrainId = "ownerless", Name = "x" }, "nobody", null, token),
                Throws.InstanceOf<NexusDataException>());
            Assert.That(
                () => Trains.In(db).CreateAsync(new() { TrainId = "ownerless", Name = "x" }, Owner, new('x', 256), token),
                Throws.InstanceOf<NexusDataException>());
            Assert.That(
                () => Keys.In(db).CreateAsync("rail-club", new() { ExpiresAt = DateTimeOffset.UtcNow.AddDays(-1) }, token),
                Throws.InstanceOf<NexusDataException>().With.Message.Contains("expired"));
            await Task.CompletedTask;
        });

        Assert.That((await Trains.ListAsync()).Single().TrainId, Is.EqualTo("rail-club"));
        Assert.That(await Keys.ListAsync(), Is.Empty);
    }

    [TestCase("")]
    [TestCase("-rail")]
    [TestCase("rail club")]
    [TestCase("räil")]
    [TestCase("rail\nx")]
    [TestCase("rail/club")]
    public void What_is_no_slug_is_refused(string slug)
        => Assert.That(
            () => Trains.CreateAsync(new() { TrainId = slug, Name = "x" }, Owner),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("no slug")
                .And.Property("Kind").EqualTo(NexusDataErrorKind.Validation));

    [TestCase("a")]
    [TestCase("9.Rail_Club:x-y")]
    public async Task A_slug_has_letters_digits_and_four_signs(string slug)
    {
        await MakeAsync(slug);
        await MakeAsync(new string('x', 255));

        Assert.That(() => MakeAsync(new string('x', 256)), Throws.InstanceOf<NexusDataException>());
        Assert.That(await Trains.FindAsync(slug), Is.Not.Null);
    }

    [Test]
    public async Task What_is_set_is_changed_and_the_rest_stays()
    {
        await Trains.CreateAsync(
            new() { TrainId = "rail-club", Name = "Rail", Description = "old", SlackUsername = "bot", SlackEnabled = true, SlackWebhookUrl = Webhook },
            Owner);

        var changed = await Trains.UpdateAsync("rail-club", train => train.Name = "Rail Club");
        var cleared = await Trains.UpdateAsync("rail-club", train => train.Description = "");

        Assert.That(
            (changed.Name, changed.Description, changed.Slack),
            Is.EqualTo(("Rail Club", "old", new SlackInfo(true, true, null, "bot", null))));
        Assert.That((cleared.Name, cleared.Description, cleared.Slack.IsEnabled), Is.EqualTo(("Rail Club", (string?)null, true)));
        Assert.That(cleared.UpdatedAt, Is.GreaterThan(cleared.CreatedAt!.Value));
    }

    [Test]
    public async Task A_change_of_nothing_writes_nothing()
    {
        var made = await MakeAsync();

        var same = await Trains.UpdateAsync("rail-club", train => train.Name = "rail-club");

        Assert.That(same.UpdatedAt, Is.EqualTo(made.UpdatedAt));
    }

    [Test]
    public async Task Two_who_change_different_things_at_once_both_have_them_changed()
    {
        await MakeAsync();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Trains.UpdateAsync("rail-club", train =>
        {
            train.Name = i % 2 == 0 ? "Rail Club" : train.Name;
            train.Description = i % 2 == 1 ? "Clubs on rails" : train.Description;
        }))));

        var found = (await Trains.FindAsync("rail-club"))!;
        Assert.That((found.Name, found.Description), Is.EqualTo(("Rail Club", "Clubs on rails")));
    }

    [Test]
    public async Task The_webhook_is_stored_protected_and_read_for_who_sends_notices()
    {
        await Trains.CreateAsync(
            new() { TrainId = "rail-club", Name = "x", SlackEnabled = true, SlackWebhookUrl = Webhook, SlackChannel = "#rail" }, Owner);
        var stored = await ReadWebhookAsync();

        var target = (await Trains.FindSlackAsync("rail-club"))!;
        await Trains.UpdateAsync("rail-club", train => train.SlackEnabled = false);
        var off = await Trains.FindSlackAsync("rail-club");
        await Trains.UpdateAsync("rail-club", train => train.SetSlackWebhook(null));

        Assert.Multiple(async () =>
        {
            Assert.That(stored, Does.Not.Contain("slack").And.Not.Contain("qwerty"));
            Assert.That((target.WebhookUrl, target.Channel, target.Username), Is.EqualTo((Webhook, "#rail", (string?)null)));
            Assert.That(target.ToString(), Does.Not.Contain("qwerty"));
            Assert.That(off, Is.Null);
            Assert.That(await ReadWebhookAsync(), Is.Null);
        });
    }

    [Test]
    public async Task Notices_need_an_address_and_a_wrong_one_is_not_told()
    {
        await MakeAsync();

        Assert.That(
            () => Trains.UpdateAsync("rail-club", train => train.SlackEnabled = true),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("without an address"));
        Assert.That(
            () => Trains.UpdateAsync("rail-club", train => train.SetSlackWebhook("http://hooks.slack.example/secret")),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("https").And.Message.Not.Contains("secret"));
        Assert.That((await Trains.FindAsync("rail-club"))!.Slack, Is.EqualTo(new SlackInfo(false, false, null, null, null)));
    }

    [Test]
    public async Task A_train_is_disabled_once_and_enabled_again()
    {
        await MakeAsync();

        var (first, second) = (await Trains.DisableAsync("rail-club"), await Trains.DisableAsync("rail-club"));
        var disabled = (await Trains.FindAsync("rail-club"))!.DisabledAt;
        var (third, fourth) = (await Trains.EnableAsync("rail-club"), await Trains.EnableAsync("rail-club"));

        Assert.That((first, second, third, fourth), Is.EqualTo((true, false, true, false)));
        Assert.That(disabled, Is.Not.Null);
        Assert.That((await Trains.FindAsync("rail-club"))!.DisabledAt, Is.Null);
        Assert.That(
            () => Trains.DisableAsync("nowhere"),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.NotFound));
    }

    [Test]
    public async Task A_deleted_train_takes_members_and_keys_along_and_leaves_others()
    {
        await MakeAsync();
        await MakeAsync("other");
        await Keys.CreateAsync("rail-club");
        await Keys.CreateAsync("other");

        var (deleted, again) = (await Trains.DeleteAsync("rail-club"), await Trains.DeleteAsync("rail-club"));

        await using var db = OpenContext();
        Assert.That((deleted, again), Is.EqualTo((true, false)));
        Assert.That(
            (await db.Trains.CountAsync(), await db.TrainMembers.CountAsync(), await db.TrainApiKeys.CountAsync()),
            Is.EqualTo((1, 1, 1)));
    }

    [Test]
    public async Task However_many_trains_there_are_a_list_is_three_queries()
    {
        for (var i = 0; i < 20; i++)
        {
            await MakeAsync($"train-{i:00}", $"bob{i}@example.com");
        }

        var commands = new CommandCounter();
        var all = await new TrainService(
            new Contexts(ConnectionString, commands), Provider.GetRequiredService<ICredentialProtector>()).ListAsync();

        Assert.That(commands.Commands, Has.Count.EqualTo(3));
        Assert.That(all.Select(train => (train.TrainId, train.Members.Count)), Is.EqualTo(
            Enumerable.Range(0, 20).Select(i => ($"train-{i:00}", 2))));
    }

    [Test]
    public async Task The_trains_of_a_person_are_found_in_any_letters()
    {
        await MakeAsync("a", "Bob@example.com");
        await MakeAsync("b");
        await MakeAsync("c", "bob@example.com");

        Assert.That((await Trains.ListForMemberAsync("BOB@example.com")).Select(train => train.TrainId), Is.EqualTo(["a", "c"]));
        Assert.That(await Trains.ListForMemberAsync("eve@example.com"), Is.Empty);
    }

    private async Task<string?> ReadWebhookAsync()
    {
        await using var db = OpenContext();
        return await db.Trains.Select(train => train.SlackWebhookUrl).SingleAsync();
    }
}
