using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Chats;
using Nexus.Data.Recording;
using Nexus.Data.Seeding.Chats;
using Nexus.Data.Seeding.Credentials;
using Nexus.Data.Seeding.Populations;
using Nexus.Data.Seeding.Requests;
using Nexus.Data.Seeding.Trains;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The examples of docs/seeding.md.</summary>
internal static class SeedingExamples
{
    public static async Task StoreRoomAsync(NexusDbContext db, UnreadMessages unread, CancellationToken cancellationToken)
    {
        // doc:fakers
        var noon = new DateTimeOffset(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var users = new UserFaker(seed: 7, start: noon).Generate(3);
        var people = users.ConvertAll(user => user.Id);
        var group = new GroupChatFaker(seed: 7, start: noon, creator: people[0]).Generate();
        db.AddRange(users);
        db.Add(group);
        db.AddRange(new ChatMemberFaker(group.Id, people, noon, first: ChatRole.Admin).Generate(3));
        db.AddRange(new MessageFaker(group.Id, people, seed: 7, start: noon.AddDays(1)).Generate(25));
        await db.SaveChangesAsync(cancellationToken);
        await unread.RepairAsync(cancellationToken);
        // doc:end
    }

    public static async Task<string> StoreTrainAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        // doc:proxy-fakers
        var start = new DateTimeOffset(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var train = new TrainFaker(seed: 7, start).Generate();
        var account = new CredentialFaker(seed: 7, start).Generate();
        var key = new TrainApiKeyFaker(train.Id, seed: 7, start).Generate();
        db.AddRange(train, account, key);
        db.AddRange(new TrainAccountFaker([train.Id], [account.Id], start).Generate(1));
        db.AddRange(new TrainMemberFaker(train.Id, seed: 7, start).Generate(3));
        db.AddRange(new RequestFaker(train.TrainId, seed: 7, start, account.AccountId).Generate(25));
        await db.SaveChangesAsync(cancellationToken);
        var clear = TrainApiKeyFaker.KeyOf(key);
        // doc:end
        return clear;
    }

    public static async Task RecordAsync(NexusDbContext db, RequestRecorder recorder, CancellationToken cancellationToken)
    {
        // doc:proxy-recipe
        var proxy = new ProxyPopulation(new() { Until = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero), Requests = 300, Trains = 2 });
        db.AddRange(proxy.Trains);
        db.AddRange(proxy.TrainMembers);
        await db.SaveChangesAsync(cancellationToken);
        foreach (var request in proxy.Requests())
        {
            await recorder.RecordAsync(request.ToRecordedRequest(), cancellationToken);
            if (request.ToRecordedResponse() is { } response)
            {
                await recorder.CompleteAsync(request.RequestId, response, cancellationToken);
            }
        }
        // doc:end
    }

    public static void AddTestData(IServiceCollection services, string connectionString)
    {
        // doc:test-data
        services.AddNexusData(connectionString);
        services.AddNexusTestData(seed: 7, options => options.Requests = 1_000);
        // doc:end
    }

    public static async Task<PopulationReport> PopulateAsync(
        PopulationStore store, DateTimeOffset until, CancellationToken cancellationToken)
    {
        // doc:populate
        await store.PutAsync(SmallPopulation.Read(), cancellationToken: cancellationToken);
        var report = await store.CopyAsync(new() { Seed = 7, Until = until, Messages = 100_000, Requests = 10_000 }, cancellationToken: cancellationToken);
        // doc:end
        return report;
    }
}
