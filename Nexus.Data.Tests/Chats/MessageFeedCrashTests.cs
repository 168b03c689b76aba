using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Embedded;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Chats;

/// <summary>The feed beside a server whose processes are killed, so that it crashes and starts again.</summary>
[Platform(Exclude = "Win"), UnsupportedOSPlatform("windows")]
public sealed class MessageFeedCrashTests
{
    // What is committed is on the disk, and what only notified is not: its number is given again after the crash.
    [Test]
    public async Task After_crashes_of_the_server_none_is_missed_and_none_comes_twice()
    {
        await using var server = await EmbeddedPostgres.StartAsync(new()
        {
            ThrowAway = true,
            Settings = new Dictionary<string, string> { ["synchronous_commit"] = "on", ["restart_after_crash"] = "on" },
        });
        var contexts = new Contexts(await server.CreateDatabaseAsync("crash"));
        await using (var db = contexts.CreateDbContext())
        {
            await db.Database.MigrateAsync();
        }

        var chats = new List<Guid>();
        for (var n = 0; n < 8; n++)
        {
            chats.Add((await new RepositoryChats(contexts).CreateAsync("nexus", "octo/nexus")).Id);
        }

        var (messages, feed) = (new Messages(contexts), new MessageFeed(contexts));
        var token = await feed.NowAsync();
        var seen = new ConcurrentQueue<Message>();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var (isOver, expected) = (false, int.MaxValue);
        var listening = Task.Run(async () =>
        {
            while (seen.Count < expected)
            {
                // Another host, as it were, goes on every hundred messages.
                await foreach (var item in feed.ListenAsync(token, stop.Token))
                {
                    seen.Enqueue(item.Message);
                    token = item.Token;
                    if (seen.Count % 100 == 0 || seen.Count >= expected)
                    {
                        break;
                    }
                }
            }
        });
        var writing = Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var n = 0; !isOver; n++)
            {
                try
                {
                    await messages.PostAsync(
                        new() { ChatId = chats[worker], Content = string.Create(CultureInfo.InvariantCulture, $"{n}") }, stop.Token);
                    await Task.Delay(10);
                }
                catch (NexusDataException exception) when (exception.Kind == NexusDataErrorKind.Unavailable)
                {
                    // It stays unknown whether it was stored; the table says.
                }
            }
        })));
        for (var crash = 0; crash < TestScale.Of(4, 40); crash++)
        {
            await Task.Delay(1_000);
            await CrashAsync(server.ConnectionString);
        }

        await Task.Delay(1_000);
        isOver = true;
        await writing;
        await using var stored = contexts.CreateDbContext();
        expected = await stored.Messages.CountAsync() + 1;
        await messages.PostAsync(new() { ChatId = chats[0], Content = "last" });
        await listening;

        Assert.That(seen.Select(message => message.Id), Is.Unique);
        Assert.That(seen.Select(message => message.Id), Is.EquivalentTo(stored.Messages.Select(message => message.Id)));
        await TestContext.Out.WriteLineAsync($"{seen.Count} messages");
    }

    // A backend of its own is killed: the server takes that for a crash, ends all others, and recovers.
    private static async Task CrashAsync(string connectionString)
    {
        for (var isDone = false; !isDone;)
        {
            try
            {
                await using var connection = new NpgsqlConnection(
                    new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
                await connection.OpenAsync();
                using var backend = Process.GetProcessById(connection.ProcessID);
                backend.Kill();
                isDone = true;
            }
            catch (NpgsqlException)
            {
                // It is still starting after the last one.
                await Task.Delay(100);
            }
        }
    }
}
