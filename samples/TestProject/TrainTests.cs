using Microsoft.EntityFrameworkCore;
using Nexus.Data.Seeding.Trains;
using Nexus.Data.Trains;

namespace Nexus.Samples.TestProject;

public sealed class TrainTests : ServiceTest
{
    [Test]
    public async Task A_member_joins_those_that_are_there()
    {
        var train = new TrainFaker(seed: 7, start: Noon).RuleFor(row => row.Name, "Night express").Generate();
        await StoreAsync([train, .. new TrainMemberFaker(train.Id, seed: 7, start: Noon).Generate(3)]);

        await Get<TrainMembers>().AddAsync(train.TrainId, "ada@example.org", TrainRole.Member, "test");

        await using var db = await OpenAsync();
        Assert.That(await db.TrainMembers.CountAsync(member => member.TrainId == train.Id), Is.EqualTo(4));
    }

    [Test]
    public async Task A_key_opens_its_train_until_it_is_revoked()
    {
        var train = new TrainFaker(seed: 7, start: Noon).Generate();
        var key = new TrainApiKeyFaker(train.Id, seed: 7, start: Noon).Generate();
        await StoreAsync(train, key);
        var keys = Get<ApiKeyService>();

        var before = await keys.VerifyAsync(TrainApiKeyFaker.KeyOf(key));
        await keys.RevokeAsync(key.Id, "test");
        var after = await keys.VerifyAsync(TrainApiKeyFaker.KeyOf(key));

        Assert.That((before?.TrainId, after), Is.EqualTo((train.TrainId, default(VerifiedApiKey))));
    }
}
