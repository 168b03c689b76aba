using Microsoft.EntityFrameworkCore;
using Nexus.Data.Chats;
using Nexus.Data.Persistence;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Stores a large population by binary COPY.</summary>
internal sealed class LargePopulationWriter(NexusDbContext db, LargePopulation population, int seed, CancellationToken cancellationToken)
{
    private const int ProgressEvery = 1_000;

    private readonly NpgsqlConnection _connection = (NpgsqlConnection)db.Database.GetDbConnection();

    public async Task<PopulationReport> WriteAsync(Task<string> passwordHash, IProgress<PopulationProgress>? progress)
    {
        await db.WithoutTimeoutAsync(() => db.ExecuteAsync(PopulationStore.Lock, [], cancellationToken));
        PopulatedTable[] tables;
        try
        {
            tables =
            [
                Added("users", await CopyUsersAsync(await passwordHash)),
                Added("chats", await CopyChatsAsync()),
                Added("chat_members", await CopyMembersAsync()),
                Added("messages", await CopyMessagesAsync(progress)),
            ];
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Conflict,
                exception.ConstraintName == "users_username_key"
                    ? $"A name of the population belongs to somebody else ({exception.Detail}): take another seed."
                    : FormattableString.Invariant($"Rows of seed {seed} are there already: take another seed, or remove them first."),
                exception);
        }

        if (population.Rooms.Any(room => room.Count > 0))
        {
            await db.ExecuteAsync($"SELECT pg_notify('{MessageFeed.Channel}', '')", [], cancellationToken);
        }

        return new(population.Until, tables);
    }

    private static PopulatedTable Added(string table, ulong rows) => new(table, (long)rows, (long)rows, 0);

    private async Task<ulong> CopyUsersAsync(string passwordHash)
    {
        var active = EnumText<UserStatus>.Word(UserStatus.Active);
        await using var rows = await BeginAsync("COPY users (id, username, password_hash, status, created_at) FROM STDIN (FORMAT binary)");
        foreach (var person in population.People)
        {
            await rows.StartRowAsync(cancellationToken);
            await rows.WriteAsync(person.Id, NpgsqlDbType.Uuid, cancellationToken);
            await rows.WriteAsync(person.Name, NpgsqlDbType.Text, cancellationToken);
            await rows.WriteAsync(passwordHash, NpgsqlDbType.Text, cancellationToken);
            await rows.WriteAsync(active, NpgsqlDbType.Text, cancellationToken);
            await rows.WriteAsync(Utc(person.Created), NpgsqlDbType.TimestampTz, cancellationToken);
        }

        return await rows.CompleteAsync(cancellationToken);
    }

    private async Task<ulong> CopyChatsAsync()
    {
        await using var rows = await BeginAsync(
            """
            COPY chats (id, kind, created_at, updated_at, last_accessed_at, last_sequence, low_user_id, high_user_id, topic, created_by_user_id)
            FROM STDIN (FORMAT binary)
            """);
        foreach (var room in population.Rooms)
        {
            var (first, second) = (IdOf(room.Members[0]), room.Topic is null ? IdOf(room.Members[1]) : default);
            var isOrdered = first.CompareTo(second) < 0;
            await rows.StartRowAsync(cancellationToken);
            await rows.WriteAsync(room.Id, NpgsqlDbType.Uuid, cancellationToken);
            await rows.WriteAsync(EnumText<ChatKind>.Word(room.Topic is null ? ChatKind.Direct : ChatKind.Group), NpgsqlDbType.Text, cancellationToken);
            await rows.WriteAsync(Utc(room.Created), NpgsqlDbType.TimestampTz, cancellationToken);
            await rows.WriteAsync(Utc(room.Created), NpgsqlDbType.TimestampTz, cancellationToken);
            await rows.WriteAsync(Utc(Math.Max(room.Created, room.Last)), NpgsqlDbType.TimestampTz, cancellationToken);
            await rows.WriteAsync((long)room.Count, NpgsqlDbType.Bigint, cancellationToken);
            await rows.WriteOrNullAsync(room.Topic is null ? isOrdered ? first : second : default(Guid?), NpgsqlDbType.Uuid, cancellationToken);
            await rows.WriteOrNullAsync(room.Topic is null ? isOrdered ? second : first : default(Guid?), NpgsqlDbType.Uuid, cancellationToken);
            await rows.WriteOrNullAsync(room.Topic, NpgsqlDbType.Text, cancellationToken);
            await rows.WriteOrNullAsync(room.Topic is null ? default(Guid?) : first, NpgsqlDbType.Uuid, cancellationToken);
        }

        return await rows.CompleteAsync(cancellationToken);
    }

    private async Task<ulong> CopyMembersAsync()
    {
        await using var rows = await BeginAsync(
            "COPY chat_members (chat_id, user_id, role, joined_at, last_read_sequence) FROM STDIN (FORMAT binary)");
        foreach (var room in population.Rooms)
        {
            foreach (var member in room.Members)
            {
                await rows.StartRowAsync(cancellationToken);
                await rows.WriteAsync(room.Id, NpgsqlDbType.Uuid, cancellationToken);
                await rows.WriteAsync(IdOf(member), NpgsqlDbType.Uuid, cancellationToken);
                await rows.WriteAsync(EnumText<ChatRole>.Word(member.IsAdmin ? ChatRole.Admin : ChatRole.Member), NpgsqlDbType.Text, cancellationToken);
                await rows.WriteAsync(Utc(member.Joined), NpgsqlDbType.TimestampTz, cancellationToken);
                await rows.WriteAsync((long)member.Read, NpgsqlDbType.Bigint, cancellationToken);
            }
        }

        return await rows.CompleteAsync(cancellationToken);
    }

    private async Task<ulong> CopyMessagesAsync(IProgress<PopulationProgress>? progress)
    {
        var texts = new MessageTexts(seed);
        var type = EnumText<MessageType>.Word(MessageType.User);
        var total = population.Rooms.Sum(room => (long)room.Count);
        var written = 0L;
        await using var rows = await BeginAsync(
            "COPY messages (id, chat_id, type, content, created_at, sender_id, sequence) FROM STDIN (FORMAT binary)");
        foreach (var line in population.Lines())
        {
            await rows.StartRowAsync(cancellationToken);
            await rows.WriteAsync(texts.NextId(line.Time), NpgsqlDbType.Uuid, cancellationToken);
            await rows.WriteAsync(line.Room.Id, NpgsqlDbType.Uuid, cancellationToken);
            await rows.WriteAsync(type, NpgsqlDbType.Text, cancellationToken);
            await rows.WriteAsync(texts.Next(), NpgsqlDbType.Text, cancellationToken);
            await rows.WriteAsync(Utc(line.Time), NpgsqlDbType.TimestampTz, cancellationToken);
            await rows.WriteAsync(IdOf(line.Room.Members[line.Member]), NpgsqlDbType.Uuid, cancellationToken);
            await rows.WriteAsync((long)line.Number, NpgsqlDbType.Bigint, cancellationToken);
            if (++written % ProgressEvery == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Report(new("messages", written, total));
            }
        }

        return await rows.CompleteAsync(cancellationToken);
    }

    private async Task<NpgsqlBinaryImporter> BeginAsync(string copy)
    {
        var rows = await _connection.BeginBinaryImportAsync(copy, cancellationToken);
        rows.Timeout = Timeout.InfiniteTimeSpan;
        return rows;
    }

    private Guid IdOf(LargePopulation.Member member) => population.People[member.Person].Id;

    private static DateTime Utc(long ticks) => new(ticks, DateTimeKind.Utc);
}
