using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Chats;
using Nexus.Data.Chats.Importing;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The examples of docs/chats.md.</summary>
internal static class ChatExamples
{
    public static async Task<string> LogInAsync(
        Users users, string name, string password, CancellationToken cancellationToken)
    {
        // doc:log-in
        return await users.LogInAsync(name, password, cancellationToken) switch
        {
            { Outcome: LogInOutcome.Done, User: { } user } => $"Welcome, {user.Username}.",
            { Outcome: LogInOutcome.Disabled } => "This account is disabled.",
            _ => "There is no such name, or the password is another one.",
        };
        // doc:end
    }

    public static async Task ResumeAsync(
        RepositoryChats chats, Snapshots snapshots, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        // doc:session
        var chat = await chats.CreateAsync("nexus", "octo/nexus", timeZone: zone, cancellationToken: cancellationToken);
        await snapshots.SaveAsync(
            chat.Id, new() { Transcriptions = """[{"text": "Hello"}]""", ClaudeSessionId = "session-1" }, keep: 10, cancellationToken);
        var resumed = await snapshots.ResumeAsync(chat.Id, cancellationToken: cancellationToken);
        var sidebar = await chats.RecentAsync(zone, cancellationToken: cancellationToken);
        // doc:end
        _ = (resumed, sidebar);
    }

    public static async Task TalkAsync(
        ChatRooms rooms, Messages messages, UnreadMessages unread, RepositoryChatInfo session, Guid ada, Guid bob, Guid cy,
        string clientKey, string text, Guid requestId, CancellationToken cancellationToken)
    {
        // doc:rooms
        var direct = await rooms.OpenDirectAsync(ada, bob, cancellationToken);
        var group = await rooms.CreateGroupAsync(ada, "Trains", [bob, cy], cancellationToken);
        if (await rooms.LeaveAsync(group.Id, ada, cancellationToken) is RoomChange.LastAdmin)
        {
            await rooms.SetRoleAsync(group.Id, bob, ChatRole.Admin, cancellationToken);
            await rooms.LeaveAsync(group.Id, ada, cancellationToken);
        }
        // doc:end

        // doc:post
        var posted = await messages.PostAsync(
            new() { ChatId = group.Id, SenderId = bob, Content = "The 9:15 is late.", IdempotencyKey = clientKey }, cancellationToken);
        var answer = await messages.PostAsync(
            new() { ChatId = session.Id, Type = MessageType.Claude, Content = text, RequestId = requestId }, cancellationToken);
        // doc:end

        // doc:post-many
        NewMessage[] lines =
        [
            new() { ChatId = group.Id, SenderId = bob, Content = "The 9:45 is on time.", IdempotencyKey = $"{clientKey}-1" },
            new() { ChatId = direct.Id, SenderId = ada, Content = "Then we take that one.", IdempotencyKey = $"{clientKey}-2" },
        ];
        foreach (var part in lines.Chunk(25_000))
        {
            await messages.PostManyAsync(part, cancellationToken);
        }
        // doc:end

        // doc:timeline
        var page = await messages.OlderAsync(group.Id, bob, cancellationToken: cancellationToken);
        var before = page.Older is null ? null : await messages.OlderAsync(group.Id, bob, page.Older, cancellationToken: cancellationToken);
        var since = await messages.NewerAsync(group.Id, bob, page.Newer, cancellationToken: cancellationToken);
        // doc:end

        // doc:unread
        var left = await unread.MarkReadAsync(group.Id, bob, posted.Message.Sequence, cancellationToken);
        var badge = await unread.CountAllAsync(bob, cancellationToken);
        // doc:end
        _ = (direct, answer, before, since, left, badge);
    }

    public static async Task PushAsync(
        MessageFeed feed, Func<Task<string?>> loadToken, Func<string, Task> saveToken, Func<Message, Task> push,
        CancellationToken cancellationToken)
    {
        // doc:feed
        await foreach (var (message, token) in feed.ListenAsync(await LoadTokenAsync(), cancellationToken))
        {
            await PushAsync(message);
            await SaveTokenAsync(token);
        }
        // doc:end

        Task<string?> LoadTokenAsync() => loadToken();
        Task PushAsync(Message message) => push(message);
        Task SaveTokenAsync(string token) => saveToken(token);
    }

    public static void Register(IServiceCollection services)
    {
        // doc:foreign-hash
        services.AddSingleton<IForeignPasswordHash, OldHash>();
        // doc:end
    }

    public static async Task ImportAsync(ChatImport import, string source, CancellationToken cancellationToken)
    {
        // doc:import-chats
        var report = await import.ImportAsync(new() { SourceConnection = source, SourceSchema = "public" }, cancellationToken);
        if (!report.IsComplete || report.Reasons.Any(reason => !reason.IsChange))
        {
            throw new InvalidOperationException(string.Join('\n', report.Findings));
        }
        // doc:end
    }

    // doc:old-hash
    private sealed class OldHash : IForeignPasswordHash
    {
        public bool Knows(string hash) => hash.StartsWith("$sha512$", StringComparison.Ordinal);

        public bool Verify(string hash, string password) => CryptographicOperations.FixedTimeEquals(
            SHA512.HashData(Encoding.UTF8.GetBytes(password)), Convert.FromHexString(hash["$sha512$".Length..]));
    }
    // doc:end
}
