using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Trains;

public sealed class TrainAccessTests : TrainTest
{
    private const string Member = "Bob@example.com";
    private const string Stranger = "eve@example.com";

    private TrainAccess Access => Provider.GetRequiredService<TrainAccess>();

    [Test]
    public async Task An_owner_may_all_a_member_some_a_stranger_nothing()
    {
        await MakeAsync();
        await Members.AddAsync("rail-club", Member, TrainRole.Member, Owner);
        await MakeAsync("other");

        var may = new Dictionary<string, List<TrainAction>>();
        foreach (var person in new[] { Owner.ToUpperInvariant(), "bob@EXAMPLE.com", Stranger })
        {
            may[person] = [];
            foreach (var action in Enum.GetValues<TrainAction>())
            {
                if (await Access.MayAsync("rail-club", person, action))
                {
                    may[person].Add(action);
                }
            }
        }

        Assert.Multiple(async () =>
        {
            Assert.That(may[Owner.ToUpperInvariant()], Is.EqualTo(Enum.GetValues<TrainAction>()));
            Assert.That(may["bob@EXAMPLE.com"], Is.EqualTo([TrainAction.View, TrainAction.Analyze, TrainAction.CreateKey]));
            Assert.That(may[Stranger], Is.Empty);
            Assert.That(await Access.MayAsync("other", Member, TrainAction.View), Is.False);
            Assert.That(await Access.MayAsync("nowhere", Owner, TrainAction.View), Is.False);
            Assert.That(await Access.FindRoleAsync("rail-club", Member), Is.EqualTo(TrainRole.Member));
            Assert.That(await Access.FindRoleAsync("rail-club", Stranger), Is.Null);
        });
    }

    [Test]
    public async Task A_demand_tells_a_stranger_the_same_of_a_train_that_is_there_and_one_that_is_not()
    {
        await MakeAsync();

        await Access.DemandAsync("rail-club", Owner, TrainAction.Delete);
        var there = Assert.ThrowsAsync<NexusDataException>(() => Access.DemandAsync("rail-club", Stranger, TrainAction.View))!;
        var nowhere = Assert.ThrowsAsync<NexusDataException>(() => Access.DemandAsync("nowhere", Stranger, TrainAction.View))!;

        Assert.That((there.Kind, nowhere.Kind), Is.EqualTo((NexusDataErrorKind.Forbidden, NexusDataErrorKind.Forbidden)));
        Assert.That(nowhere.Message.Replace("nowhere", "rail-club", StringComparison.Ordinal), Is.EqualTo(there.Message));
    }

    [Test]
    public async Task A_key_is_for_owners_and_for_its_maker_while_a_member()
    {
        await MakeAsync();
        await Members.AddAsync("rail-club", Member, TrainRole.Member, Owner);
        await Members.AddAsync("rail-club", "cy@example.com", TrainRole.Member, Owner);
        await MakeAsync("other");
        await Members.AddAsync("other", Stranger, TrainRole.Owner, Owner);
        var key = (await Keys.CreateAsync("rail-club", new() { CreatedBy = "bob@example.com" })).Info.Id;

        async Task<string> MayAsync() => string.Join(',', await Task.WhenAll(
            new[] { Owner, Member, "cy@example.com", Stranger }.Select(person => Access.MayManageKeyAsync(key, person))));

        Assert.That(await MayAsync(), Is.EqualTo("True,True,False,False"));
        await Members.RemoveAsync("rail-club", Member);
        Assert.That(await MayAsync(), Is.EqualTo("True,False,False,False"));
        Assert.That(await Access.MayManageKeyAsync(Guid.NewGuid(), Owner), Is.False);
    }
}
