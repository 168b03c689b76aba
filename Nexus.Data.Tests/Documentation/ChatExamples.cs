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
