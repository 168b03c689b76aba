using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Conversations;

/// <summary>The log that meets every rule of linking, with the answer to each of its lines.</summary>
[Category("ServerVersions")]
public sealed class GoldenLogTests : DatabaseTest
{
    [Test]
    public async Task Linked_line_by_line_the_log_gives_the_expected_links()
    {
        foreach (var line in GoldenLog.Lines)
        {
            await using var db = OpenContext();
            await StoreAsync(db, [RequestLogLine.Read(line)]);
        }

        await AssertLinksAsync();
    }

    [TestCase(10)]
    [TestCase(1000)]
    public async Task Linked_in_batches_the_log_gives_the_expected_links(int size)
    {
        foreach (var lines in GoldenLog.Lines.Chunk(size))
        {
            await using var db = OpenContext();
            await StoreAsync(db, [.. lines.Select(line => RequestLogLine.Read(line))]);
        }

        await AssertLinksAsync();
    }

    [Test]
    public async Task Linked_one_by_one_and_saved_at_the_end_the_log_gives_the_expected_links()
    {
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var linker = new ConversationLinker(db);
        foreach (var line in GoldenLog.Lines)
        {
            var request = RequestLogLine.Read(line);
            db.Add(request);
            await linker.LinkAsync(request);
        }

        await db.SaveChangesAsync();
        await transaction.CommitAsync();

        await AssertLinksAsync();
    }

    private static async Task StoreAsync(NexusDbContext db, ApiRequest[] requests)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        db.AddRange(requests.AsEnumerable());
        await new ConversationLinker(db).LinkAsync(requests);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
    }

    private async Task AssertLinksAsync()
    {
        await using var db = OpenContext();
        await GoldenLog.AssertLinksAsync(db);
    }
}

/// <summary>The golden request log and what linking makes of it.</summary>
internal static class GoldenLog
{
    private static readonly Lazy<byte[][]> _lines = new(() =>
        [.. File.ReadAllLines(PathOf("request-log.jsonl")).Select(System.Text.Encoding.UTF8.GetBytes)]);

    public static byte[][] Lines => _lines.Value;

    public static string PathOf(string file) => Path.Combine(TestContext.CurrentContext.TestDirectory, "Golden", file);

    /// <summary>The requests by their labels.</summary>
    public static async Task<Dictionary<string, Guid>> IdsAsync()
    {
        using var expected = JsonDocument.Parse(await File.ReadAllTextAsync(PathOf("expected-links.json")));
        return expected.RootElement.EnumerateArray().ToDictionary(
            link => link.GetProperty("label").GetString()!, link => link.GetProperty("request_id").GetGuid());
    }

    /// <summary>Asserts that the requests are linked as expected.</summary>
    /// <param name="db">Reads them.</param>
    /// <param name="isAdopted">Whether the log came by another program: other requests may be there, and the original's hashes
    /// are those that were stored, or of bodies whose keys have another order.</param>
    public static async Task AssertLinksAsync(NexusDbContext db, bool isAdopted = false)
    {
        var expected = JsonDocument.Parse(await File.ReadAllTextAsync(PathOf("expected-links.json"))).RootElement
            .EnumerateArray().Select(Expected).ToList();
        var labels = expected.ToDictionary(link => link.Id, link => link.Label);
        if (isAdopted)
        {
            expected = [.. expected.Select(WithoutHashes)];
        }

        var stored = await db.Requests.AsNoTracking()
            .Where(request => !isAdopted || labels.Keys.Contains(request.RequestId))
            .ToDictionaryAsync(request => request.RequestId);
        var conversations = stored.Values.Where(request => request.ConversationId is not null)
            .GroupBy(request => request.ConversationId!.Value)
            .ToDictionary(
                group => group.Key,
                group => labels[group.OrderBy(request => request.Timestamp).ThenBy(request => request.MessageCount)
                    .First().RequestId]);

        var wrong = new List<string>();
        foreach (var link in expected)
        {
            var request = stored[link.Id];
            var actual = request.ConversationId is not { } conversation
                ? new Link(link.Id, link.Label, Linked: false)
                : new Link(
                    link.Id, link.Label, true, conversations[conversation], request.BranchId, Label(request.ParentRequestId),
                    request.IsSubtask is true, Label(request.ParentTaskRequestId),
                    EnumText<LinkKind>.Word(request.LinkKind!.Value), request.LinkDistance,
                    Label(request.RetryOfRequestId), request.CurrentMessageHash, request.ParentMessageHash,
                    request.SystemHash);
            if ((isAdopted ? WithoutHashes(actual) : actual) != link)
            {
                wrong.Add($"expected {link}\n but was {actual}");
            }
        }

        Assert.Multiple(() =>
        {
            Assert.That(stored, Has.Count.EqualTo(125));
            Assert.That(expected, Has.Count.EqualTo(125));
            Assert.That(string.Join("\n", wrong), Is.Empty);
        });

        string? Label(Guid? id) => id is { } value ? labels[value] : null;
    }

    private static Link WithoutHashes(Link link) => link with { CurrentHash = null, ParentHash = null, SystemHash = null };

    private static Link Expected(JsonElement link)
    {
        var id = link.GetProperty("request_id").GetGuid();
        return !link.GetProperty("linked").GetBoolean()
            ? new(id, Text("label")!, Linked: false)
            : new(
                id, Text("label")!, true, Text("conversation"), Text("branch"), Text("parent"),
                link.GetProperty("isSubtask").GetBoolean(), Text("parentTask"), Text("kind"),
                link.GetProperty("distance") is { ValueKind: JsonValueKind.Number } distance ? distance.GetInt32() : null,
                Text("retryOf"), Text("currentMessageHash"), Text("parentMessageHash"), Text("systemHash"));

        string? Text(string name) => link.GetProperty(name).GetString();
    }

    private sealed record Link(
        Guid Id, string Label, bool Linked, string? Conversation = null, string? Branch = null, string? Parent = null,
        bool IsSubtask = false, string? ParentTask = null, string? Kind = null, int? Distance = null,
        string? RetryOf = null, string? CurrentHash = null, string? ParentHash = null, string? SystemHash = null);
}
