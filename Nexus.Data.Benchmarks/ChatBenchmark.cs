using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Chats;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// What do the services of chats add to their statements? Each question with changing arguments, in turn by the service and
/// by Npgsql alone, which runs the same statement prepared and reads every value of its rows. And how many messages a second
/// are posted.
/// </summary>
public static class ChatBenchmark
{
    private const int People = 200;
    private const int Groups = 75;
    private const int Directs = 300;
    private const int Arguments = 500;
    private const int WarmUp = 1_500;
    private const int Calls = 6_000;
    private const int Page = 50;
    private const int Posts = 4_000;

    private const string Fill =
        """
        INSERT INTO users (username) SELECT 'user-' || n FROM generate_series(1, PEOPLE) n;
        CREATE TEMPORARY TABLE people AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM users;
        INSERT INTO chats (kind, topic) SELECT 'group', 'Group ' || n FROM generate_series(1, GROUPS) n;
        INSERT INTO chats (kind, low_user_id, high_user_id)
        SELECT 'direct', a.id, b.id FROM people a JOIN people b ON a.id < b.id ORDER BY md5(a.id::text || b.id::text) LIMIT DIRECTS;
        INSERT INTO chat_members (chat_id, user_id) SELECT id, unnest(ARRAY[low_user_id, high_user_id]) FROM chats WHERE kind = 'direct';
        INSERT INTO chat_members (chat_id, user_id, role)
        SELECT c.id, p.id, CASE WHEN p.place = c.place % PEOPLE THEN 'admin' ELSE 'member' END
        FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM chats WHERE kind = 'group') c
        JOIN people p ON (p.place - c.place + PEOPLE) % PEOPLE < 3 + c.place % 13;
        CREATE TEMPORARY TABLE places AS
        SELECT chat_id, array_agg(user_id) AS users, row_number() OVER (ORDER BY chat_id) - 1 AS place FROM chat_members GROUP BY chat_id;
        INSERT INTO messages (chat_id, type, content, sender_id, sequence, created_at)
        SELECT p.chat_id, 'user', 'Message ' || n || ', of which the others read what it says: ' || md5(n::text),
               p.users[1 + n % cardinality(p.users)], 1 + n / CHATS, '2025-01-01'::timestamptz + n * interval '1 second'
        FROM generate_series(0, MESSAGES - 1) n JOIN places p ON p.place = n % CHATS;
        UPDATE chats c SET last_sequence = m.last, last_accessed_at = m.at
        FROM (SELECT chat_id, max(sequence) AS last, max(created_at) AS at FROM messages GROUP BY chat_id) m WHERE m.chat_id = c.id;
        VACUUM ANALYZE users; VACUUM ANALYZE chats; VACUUM ANALYZE chat_members; VACUUM ANALYZE messages; CHECKPOINT
        """;

    /// <summary>Measures and prints medians and 99th percentiles in microseconds, and their ratios.</summary>
    /// <param name="output">Where the figures go.</param>
    /// <param name="sizes">Messages, one run for each.</param>
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(TextWriter output, params int[] sizes)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(sizes);

        await using var server = await BenchDatabase.StartServerAsync();
        foreach (var size in sizes)
        {
            var connection = await server.CreateDatabaseAsync($"chats_{size}");
            await BenchDatabase.MigrateAsync(connection);
            await BenchDatabase.ExecuteAsync(
                connection,
                Fill.Replace("PEOPLE", Text(People), StringComparison.Ordinal).Replace("GROUPS", Text(Groups), StringComparison.Ordinal)
                    .Replace("DIRECTS", Text(Directs), StringComparison.Ordinal).Replace("CHATS", Text(Groups + Directs), StringComparison.Ordinal)
                    .Replace("MESSAGES", Text(size), StringComparison.Ordinal));
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{size:N0} messages, one caller, microseconds: the service, the same statement by Npgsql alone, prepared; bytes that a call allocates"));
            await MeasureAsync(output, connection);
            await PostAsync(output, connection);
        }

        return 0;
    }

    private static async Task MeasureAsync(TextWriter output, string connection)
    {
        var random = new Random(1);
        await using var services = new ServiceCollection().AddNexusData(connection).BuildServiceProvider();
        await using var db = new BenchDatabase.Contexts(connection).CreateDbContext();
        var members = await db.ChatMembers.AsNoTracking().ToListAsync();
        var users = await db.Users.AsNoTracking().ToListAsync();
        var messages = await db.Messages.AsNoTracking().OrderBy(message => message.Id).Take(Arguments).ToListAsync();
        var timelines = services.GetRequiredService<Messages>();
        var rooms = services.GetRequiredService<ChatRooms>();
        var people = services.GetRequiredService<Users>();
        var cursors = new List<(ChatMember Member, string? Cursor)>();
        foreach (var member in Enumerable.Range(0, Arguments).Select(_ => Any(members)))
        {
            // Behind one of the first messages.
            var middle = await db.Messages.Where(message => message.ChatId == member.ChatId)
                .OrderBy(message => message.Sequence).Skip((int)random.NextInt64(20)).Select(message => message.Id).FirstAsync();
            cursors.Add((member, (await timelines.AroundAsync(member.ChatId, member.UserId, middle, 1)).Newer));
        }

        ChatMember[] asked = [.. cursors.Select(cursor => cursor.Member)];
        await CompareAsync("timeline, the newest 50", n => Of(asked, n), (service, member) => service.Timelines.OlderAsync(member.ChatId, member.UserId, limit: Page));
        await CompareAsync("timeline, 50 behind a cursor", n => cursors[n % cursors.Count], (service, at) => service.Timelines.NewerAsync(at.Member.ChatId, at.Member.UserId, at.Cursor, Page));
        await CompareAsync("timeline, 25 around a message", n => Of(messages, n), (service, message) => service.Timelines.AroundAsync(message.ChatId, message.SenderId, message.Id));
        await CompareAsync("a message", n => Of(messages, n), (service, message) => service.Timelines.FindAsync(message.Id, message.SenderId));
        await CompareAsync("a person by name", n => Of(users, n), (service, user) => service.People.FindByNameAsync(user.Username));
        await CompareAsync("a person", n => Of(users, n), (service, user) => service.People.FindAsync(user.Id));
        await CompareAsync("membership", n => Of(asked, n), (service, member) => service.Rooms.FindRoleAsync(member.ChatId, member.UserId));
        await CompareAsync("a person's rooms", n => Of(users, n), (service, user) => service.Rooms.ListAsync(user.Id));

        T Any<T>(List<T> list) => list[random.Next(list.Count)];

        Services In(NexusDbContext? caller)
            => caller is null ? new(timelines, rooms, people) : new(timelines.In(caller), rooms.In(caller), people.In(caller));

        static T Of<T>(IReadOnlyList<T> list, int n) => list[n % list.Count];

        async Task CompareAsync<T>(
            string name, Func<int, T> argument, Func<Services, T, Task> ask)
        {
            var captured = new List<SentCommands>();
            for (var n = 0; n < Arguments; n++)
            {
                captured.Add(await SentCommands.OfAsync(connection, caller => ask(In(caller), argument(n))));
            }

            await using var source = NpgsqlDataSource.Create(connection);
            var service = In(null);
            var measured = await SideBySide.MeasureAsync(
                WarmUp, Calls, n => ask(service, argument(n)), n => captured[n % captured.Count].RunAsync(source));
            await output.WriteLineAsync(measured.Describe(name));
        }
    }

    private static async Task PostAsync(TextWriter output, string connection)
    {
        await using var services = new ServiceCollection().AddNexusData(connection).BuildServiceProvider();
        await using var db = new BenchDatabase.Contexts(connection).CreateDbContext();
        var members = await db.ChatMembers.AsNoTracking().OrderBy(member => member.ChatId).ToListAsync();
        var messages = services.GetRequiredService<Messages>();
        foreach (var workers in new[] { 1, 16 })
        {
            var next = 0;
            var watch = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(async () =>
            {
                for (int n; (n = Interlocked.Increment(ref next)) <= Posts;)
                {
                    var member = members[n * 7919 % members.Count];
                    await messages.PostAsync(new()
                    {
                        ChatId = member.ChatId,
                        SenderId = member.UserId,
                        Content = "A message that is posted to see how many are.",
                    });
                }
            })));
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"  posted on {workers,2} connections: {Posts / watch.Elapsed.TotalSeconds:0} a second"));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record Services(Messages Timelines, ChatRooms Rooms, Users People);
}
