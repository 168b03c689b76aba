using Nexus.Data.Chats;
using Nexus.Data.Seeding.Chats;
using Nexus.Data.Seeding.Populations;

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

    public static async Task<PopulationReport> PopulateAsync(
        PopulationStore store, DateTimeOffset until, CancellationToken cancellationToken)
    {
        // doc:populate
        await store.PutAsync(SmallPopulation.Read(), cancellationToken: cancellationToken);
        var report = await store.CopyAsync(new() { Seed = 7, Until = until, Messages = 100_000 }, cancellationToken: cancellationToken);
        // doc:end
        return report;
    }
}
