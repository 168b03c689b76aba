using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Chats;

/// <summary>The states of repository chats. Each method saves what it changes, in a transaction of its own or in the
/// caller's.</summary>
public sealed class Snapshots
{
    private const int LongestSessionId = 255;
    private const int LongestPage = 200;
    private const int MostMessages = 10_000;

    // Behind the chat's columns, and behind the snapshot's.
    private const int FirstOfSnapshot = 11;
    private const int FirstOfMessage = FirstOfSnapshot + 9;

    private static readonly string[] _columns =
        ["transcriptions", "function_results", "claude_streaming_texts", "claude_todo_writes", "repository_issues"];

    private static readonly Func<NexusDbContext, Guid, CancellationToken, Task<ChatSnapshot?>> _latest = EF.CompileAsyncQuery(
        (NexusDbContext db, Guid chatId, CancellationToken _) => db.ChatSnapshots.AsNoTracking()
            .Where(snapshot => snapshot.ChatId == chatId).OrderByDescending(snapshot => snapshot.Version).FirstOrDefault());

    private readonly UnitOfWork _work;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    public Snapshots(IDbContextFactory<NexusDbContext> contexts)
        : this(new UnitOfWork(contexts))
    {
    }

    private Snapshots(UnitOfWork work) => _work = work;

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public Snapshots In(NexusDbContext db) => new(new UnitOfWork(db));

    /// <summary>Stores a state, unless it says nothing, or nothing that the newest one does not.</summary>
    /// <param name="chatId">The repository chat.</param>
    /// <param name="state">The state.</param>
    /// <param name="keep">How many of the chat's newest snapshots stay; null for all.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <remarks>Those who store at once store one after the other: versions have no gaps. Equal is what is the same JSON value, in
    /// whatever order members stand.</remarks>
    /// <exception cref="NexusDataException">There is no such repository chat (not found), or a text is no JSON array
    /// (validation).</exception>
    public Task<SnapshotResult> SaveAsync(
        Guid chatId, SnapshotState state, int? keep = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (keep is { } count)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count, nameof(keep));
        }

        var texts = state.Texts();
        for (var place = 0; place < texts.Length; place++)
        {
            JsonField.Check(texts[place], JsonValueKind.Array, $"{_columns[place]} of a snapshot");
        }

        var session = TextField.Optional(state.ClaudeSessionId, LongestSessionId, "identifier of a session");
        return _work.DoAsync(
            async (db, token) =>
            {
                try
                {
                    return await SaveAsync(db, chatId, texts, session, keep, token);
                }
                catch (PostgresException exception) when (JsonField.IsRefused(exception))
                {
                    throw JsonField.Refusal($"{string.Join(", ", _columns)} of a snapshot", exception);
                }
            },
            cancellationToken);
    }

    private static async Task<SnapshotResult> SaveAsync(
        NexusDbContext db, Guid chatId, string[] texts, string? session, int? keep, CancellationToken cancellationToken)
    {
        // The statement that follows the lock is younger than it, and sees what others stored before.
        var (found, version) = await db.ReadAsync(
            _save,
            [
                DbCommands.Uuid("chat", chatId), DbCommands.Uuid("id", Guid.CreateVersion7()), DbCommands.Text("session", session),
                DbCommands.Parameter("keep", NpgsqlDbType.Integer, keep),
                .. texts.Select((text, place) => DbCommands.Parameter(_columns[place], NpgsqlDbType.Jsonb, text)),
            ],
            async (reader, token) =>
            {
                var isThere = await reader.ReadAsync(token);
                await reader.NextResultAsync(token);
                return (isThere, await reader.ReadAsync(token) ? reader.GetInt32(0) : default(int?));
            },
            cancellationToken);
        return !found ? throw ChatErrors.NotFound(chatId)
            : version is { } made ? new(SnapshotOutcome.Stored, made)
            : new(SnapshotOutcome.Skipped, null);
    }

    /// <summary>The newest snapshot of a chat; null where there is none.</summary>
    /// <param name="chatId">The chat.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<ChatSnapshot?> LatestAsync(Guid chatId, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            (db, token) => _latest(db, chatId, token), cancellationToken);

    /// <summary>Snapshots of a chat, newest first.</summary>
    /// <param name="chatId">The chat.</param>
    /// <param name="after">The cursor of the page before; null for the first page.</param>
    /// <param name="limit">How many at most: 1 to 200.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">The cursor is of another list (validation).</exception>
    public Task<Page<ChatSnapshot>> ListAsync(
        Guid chatId, string? after = null, int limit = 20, CancellationToken cancellationToken = default)
    {
        ChatPages.Check(limit, LongestPage);
        var cursor = new PageCursor("snapshots", chatId);
        var last = cursor.Read(after)?.Number(0) ?? int.MaxValue;
        return _work.ReadAsync(
            async (db, token) =>
            {
                var found = await db.ChatSnapshots.AsNoTracking()
                    .Where(snapshot => snapshot.ChatId == chatId && snapshot.Version < last)
                    .OrderByDescending(snapshot => snapshot.Version).Take(limit + 1).ToListAsync(token);
                return new Page<ChatSnapshot>(
                    [.. found.Take(limit)], cursor.Next(found, limit, snapshot => [(long)snapshot.Version]));
            },
            cancellationToken);
    }

    /// <summary>All that it takes to go on with a session, as of one instant: the chat, its newest snapshot and its messages.</summary>
    /// <param name="chatId">The repository chat.</param>
    /// <param name="limit">How many messages at most, the newest: 1 to 10,000.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">There is no such repository chat (not found).</exception>
    public Task<ResumedChat> ResumeAsync(Guid chatId, int limit = 1_000, CancellationToken cancellationToken = default)
    {
        ChatPages.Check(limit, MostMessages);
        return _work.ReadAsync(
            async (db, token) => await db.ReadAsync(
                _resume, [DbCommands.Uuid("chat", chatId), DbCommands.Number("limit", limit)],
                async (reader, inner) =>
                {
                    ResumedChat? resumed = null;
                    var messages = new List<Message>();
                    while (await reader.ReadAsync(inner))
                    {
                        // The snapshot stands in the first row alone.
                        resumed ??= new(RepositoryChatInfo.Read(reader), ReadSnapshot(reader), messages);
                        if (!reader.IsDBNull(FirstOfMessage))
                        {
                            messages.Add(MessageRow.Read(reader, FirstOfMessage));
                        }
                    }

                    return resumed;
                },
                token) ?? throw ChatErrors.NotFound(chatId),
            cancellationToken);
    }

    private static readonly string _given = string.Join(", ", _columns.Select(column => "@" + column));

    private static readonly string _stored = string.Join(", ", _columns);

    private static readonly string _save =
        $"""
        SELECT id FROM chats WHERE id = @chat AND kind = 'repository' FOR NO KEY UPDATE;
        WITH latest AS (
            SELECT version, {_stored}, claude_session_id FROM chat_snapshots WHERE chat_id = @chat ORDER BY version DESC LIMIT 1),
        added AS (
            INSERT INTO chat_snapshots (id, chat_id, version, {_stored}, claude_session_id)
            SELECT @id, c.id, coalesce((SELECT version FROM latest), 0) + 1, {_given}, @session
            FROM chats c WHERE c.id = @chat AND c.kind = 'repository'
              AND ROW({_given}) <> ROW('[]'::jsonb, '[]'::jsonb, '[]'::jsonb, '[]'::jsonb, '[]'::jsonb)
              AND NOT EXISTS (
                SELECT FROM latest
                WHERE ROW({_stored}) = ROW({_given}) AND claude_session_id IS NOT DISTINCT FROM @session)
            RETURNING version),
        removed AS (
            DELETE FROM chat_snapshots s USING added WHERE s.chat_id = @chat AND s.version <= added.version - @keep)
        SELECT version FROM added
        """;

    // One statement, so that it sees one instant also in a transaction whose statements each see their own. The large columns
    // of the snapshot come once.
    private static readonly string _resume =
        $"""
        SELECT {RepositoryChatInfo.Columns}, s.id, s.version, s.created_at, s.claude_session_id,
               {string.Join(", ", _columns.Select(column => $"CASE WHEN m.place IS NULL OR m.place = 1 THEN s.{column} END"))},
               {MessageRow.Columns}
        FROM chats c
        LEFT JOIN LATERAL (
            SELECT * FROM chat_snapshots WHERE chat_id = c.id ORDER BY version DESC LIMIT 1) s ON true
        LEFT JOIN LATERAL (
            SELECT newest.*, row_number() OVER (ORDER BY newest.created_at, newest.id) AS place
            FROM (SELECT * FROM messages WHERE chat_id = c.id ORDER BY created_at DESC, id DESC LIMIT @limit) newest) m ON true
        WHERE c.id = @chat AND c.kind = 'repository'
        ORDER BY m.place
        """;

    private static ChatSnapshot? ReadSnapshot(DbDataReader row)
        => row.IsDBNull(FirstOfSnapshot)
            ? null
            : new()
            {
                ChatId = row.GetGuid(0),
                Id = row.GetGuid(FirstOfSnapshot),
                Version = row.GetInt32(FirstOfSnapshot + 1),
                CreatedAt = row.GetFieldValue<DateTimeOffset>(FirstOfSnapshot + 2),
                ClaudeSessionId = row.TextOrNull(FirstOfSnapshot + 3),
                Transcriptions = row.GetString(FirstOfSnapshot + 4),
                FunctionResults = row.GetString(FirstOfSnapshot + 5),
                ClaudeStreamingTexts = row.GetString(FirstOfSnapshot + 6),
                ClaudeTodoWrites = row.GetString(FirstOfSnapshot + 7),
                RepositoryIssues = row.GetString(FirstOfSnapshot + 8),
            };
}
