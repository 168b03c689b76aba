using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Chats;

/// <summary>The people of the team chat. Each method saves what it changes, in a transaction of its own or in the
/// caller's.</summary>
public sealed partial class Users
{
    private const int LongestPage = 200;

    // What begins with a text comes before the text with this behind it.
    private const string LastCharacter = "\U0010FFFF";

    // As the index has it.
    private const string NameKey = """lower(username) COLLATE "C" """;

    private const string HasName = $"{NameKey} = lower(@name)";

    private readonly UnitOfWork _work;
    private readonly PasswordHasher _hasher;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="hasher">Hashes passwords.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="logger">Is told of hashes that nobody verifies; null for nobody.</param>
    public Users(
        IDbContextFactory<NexusDbContext> contexts, PasswordHasher hasher, TimeProvider? time = null,
        ILogger<Users>? logger = null)
        : this(new UnitOfWork(contexts), hasher, time ?? TimeProvider.System, logger ?? NullLogger<Users>.Instance)
        => ArgumentNullException.ThrowIfNull(hasher);

    private Users(UnitOfWork work, PasswordHasher hasher, TimeProvider time, ILogger logger)
        => (_work, _hasher, _time, _logger) = (work, hasher, time, logger);

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    public Users In(NexusDbContext db) => new(new UnitOfWork(db), _hasher, _time, _logger);

    /// <summary>Adds a person.</summary>
    /// <param name="username">The name: 1 to 255 characters, without the spaces around it.</param>
    /// <param name="password">The password; null for a person who logs in by other means.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">The name or the password is none (validation), or the name is taken, in any case of its
    /// letters (conflict).</exception>
    public Task<UserInfo> CreateAsync(string username, string? password, CancellationToken cancellationToken = default)
    {
        var name = Name(username);
        var user = new User
        {
            Username = name,
            PasswordHash = password is null ? null : _hasher.Hash(password),
            CreatedAt = StoredTime.Of(_time.GetUtcNow()),
        };
        return _work.DoAsync(
            async (db, token) => await db.ExecuteAsync(
                """
                INSERT INTO users (id, username, password_hash, created_at) VALUES (@id, @name, @hash, @time) ON CONFLICT DO NOTHING
                """,
                [
                    DbCommands.Uuid("id", user.Id), DbCommands.Text("name", name), DbCommands.Text("hash", user.PasswordHash),
                    DbCommands.Time("time", user.CreatedAt),
                ],
                token) == 1
                ? UserInfo.Of(user)
                : throw Taken(name),
            cancellationToken);
    }

    /// <summary>A person by identifier; null where there is none.</summary>
    /// <param name="id">The person.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<UserInfo?> FindAsync(Guid id, CancellationToken cancellationToken = default)
        => FindAsync("id = @id", DbCommands.Uuid("id", id), cancellationToken);

    /// <summary>A person by name, in any case of its letters; null where there is none.</summary>
    /// <param name="username">The name; spaces around it do not count.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<UserInfo?> FindByNameAsync(string username, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(username);
        return FindAsync(HasName, SoughtName(username), cancellationToken);
    }

    /// <summary>People whose names begin with a text, in any case of its letters, by name.</summary>
    /// <param name="beginning">How the names begin; empty for all.</param>
    /// <param name="after">The cursor of the page before; null for the first page.</param>
    /// <param name="limit">How many at most: 1 to 200.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Without those who were anonymised.</returns>
    /// <exception cref="NexusDataException">The cursor is of another list (validation).</exception>
    public Task<Page<UserInfo>> SearchUsersAsync(
        string beginning, string? after = null, int limit = 50, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(beginning);
        ChatPages.Check(limit, LongestPage);
        var sought = TextField.Sought(TextField.Normalized(beginning.Trim()));
        var cursor = new PageCursor("users", sought);
        var last = cursor.Read(after);
        return _work.ReadAsync(
            async (db, token) =>
            {
                var found = await db.ReadAllAsync(
                    $"""
                    SELECT {UserInfo.Columns}, lower(username) FROM users
                    WHERE {NameKey} >= lower(@beginning) AND {NameKey} < lower(@beginning) || @last AND {NameKey} > @after
                      AND anonymized_at IS NULL
                    ORDER BY {NameKey} LIMIT @limit
                    """,
                    [
                        DbCommands.Text("beginning", sought), DbCommands.Text("last", LastCharacter),
                        DbCommands.Text("after", last?.Text(0) ?? ""),
                        DbCommands.Number("limit", limit + 1),
                    ],
                    row => (Info: UserInfo.Read(row), Key: row.GetString(6)), token);
                return new Page<UserInfo>(
                    [.. found.Take(limit).Select(row => row.Info)],
                    cursor.Next(found, limit, row => [row.Key]));
            },
            cancellationToken);
    }

    /// <summary>Logs a person in by name and password: notes the time, and makes a hash anew that is not made as new ones
    /// are.</summary>
    /// <param name="username">The name, in any case of its letters.</param>
    /// <param name="password">The password.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>Who it is, or why not: a name that does not exist and a wrong password are one answer, and take one time where the
    /// stored hash is one of ours.</returns>
    public async Task<LogIn> LogInAsync(string username, string password, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(username);
        ArgumentNullException.ThrowIfNull(password);
        LogIn? answer = null;

        // Once more where the hash is another one by now, which somebody else who logged in has made anew.
        for (var tries = 0; answer is null && tries < 2; tries++)
        {
            answer = await TryLogInAsync(username, password, cancellationToken);
        }

        return answer ?? new(LogInOutcome.Refused, null);
    }

    /// <summary>Gives a person another name. A transaction of the caller's stays usable after a conflict.</summary>
    /// <param name="id">The person.</param>
    /// <param name="username">The name: 1 to 255 characters, without the spaces around it.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">There is no such person, or not any more (not found), the name is none (validation) or
    /// taken (conflict).</exception>
    public Task RenameAsync(Guid id, string username, CancellationToken cancellationToken = default)
    {
        var name = Name(username);
        return ChangeAsync(
            id,
            (db, users, token) => UniqueChange.DoAsync(
                db, inner => users.ExecuteUpdateAsync(update => update.SetProperty(user => user.Username, name), inner),
                () => Taken(name), token),
            cancellationToken);
    }

    /// <summary>Gives a person another password.</summary>
    /// <param name="id">The person.</param>
    /// <param name="password">The password; null for none, so that nobody logs in by one.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">There is no such person, or not any more (not found), or the password is none
    /// (validation).</exception>
    public Task SetPasswordAsync(Guid id, string? password, CancellationToken cancellationToken = default)
    {
        var hash = password is null ? null : _hasher.Hash(password);
        return ChangeAsync(
            id, (_, users, token) => users.ExecuteUpdateAsync(update => update.SetProperty(user => user.PasswordHash, hash), token),
            cancellationToken);
    }

    /// <summary>Lets a person take part, or not: whoever is disabled cannot log in or post.</summary>
    /// <param name="id">The person.</param>
    /// <param name="status">Whether the person may take part.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">There is no such person, or not any more (not found).</exception>
    public Task SetStatusAsync(Guid id, UserStatus status, CancellationToken cancellationToken = default)
        => !Enum.IsDefined(status)
            ? throw new ArgumentOutOfRangeException(nameof(status), status, "There is no such status.")
            : ChangeAsync(
                id, (_, users, token) => users.ExecuteUpdateAsync(update => update.SetProperty(user => user.Status, status), token),
                cancellationToken);

    /// <summary>Takes a person out for good: the name, the password and the memberships go, the messages stay, by somebody who cannot
    /// be named.</summary>
    /// <param name="id">The person.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns><see cref="Anonymization.LastAdmin"/> where the person is the only admin of a group that has other members: give it
    /// another one first. <see cref="Anonymization.Unchanged"/> where the person has gone already.</returns>
    /// <exception cref="NexusDataException">There is no such person (not found).</exception>
    public Task<Anonymization> AnonymizeAsync(Guid id, CancellationToken cancellationToken = default)
        => _work.DoAsync(
            async (db, token) =>
            {
                // First the person, then the chats by key, as everybody takes them who joins, leaves, posts or changes roles: nobody
                // does so meanwhile.
                var user = await db.Users.FromSql($"SELECT * FROM users WHERE id = {id} FOR UPDATE")
                    .AsNoTracking().SingleOrDefaultAsync(token) ?? throw NotFound(id);
                if (user.AnonymizedAt is not null)
                {
                    return Anonymization.Unchanged;
                }

                var chats = await db.ReadAllAsync(
                    """
                    SELECT c.id FROM chats c WHERE c.id IN (SELECT chat_id FROM chat_members WHERE user_id = @id)
                    ORDER BY c.id FOR NO KEY UPDATE
                    """,
                    [DbCommands.Uuid("id", id)], row => row.GetGuid(0), token);
                if (await IsLastAdminAsync(db, id, [.. chats], token))
                {
                    return Anonymization.LastAdmin;
                }

                await db.ChatMembers.Where(member => member.UserId == id).ExecuteDeleteAsync(token);
                var (now, name) = (StoredTime.Of(_time.GetUtcNow()), $"gone-{Guid.NewGuid()}");
                await db.Users.Where(row => row.Id == id).ExecuteUpdateAsync(
                    update => update.SetProperty(row => row.Username, name).SetProperty(row => row.PasswordHash, (string?)null)
                        .SetProperty(row => row.Status, UserStatus.Disabled).SetProperty(row => row.LastLoginAt, (DateTimeOffset?)null)
                        .SetProperty(row => row.AnonymizedAt, now),
                    token);
                return Anonymization.Done;
            },
            cancellationToken);

    private static Task<bool> IsLastAdminAsync(NexusDbContext db, Guid id, Guid[] chats, CancellationToken cancellationToken)
        => db.ChatMembers.Where(member => chats.Contains(member.ChatId) && member.UserId == id && member.Role == ChatRole.Admin)
            .AnyAsync(
                member => db.ChatMembers.Any(other => other.ChatId == member.ChatId && other.UserId != id)
                    && !db.ChatMembers.Any(
                        other => other.ChatId == member.ChatId && other.UserId != id && other.Role == ChatRole.Admin),
                cancellationToken);

    private Task<UserInfo?> FindAsync(string condition, NpgsqlParameter sought, CancellationToken cancellationToken)
        => _work.ReadAsync(
            async (db, token) => (await db.ReadAllAsync(
                $"SELECT {UserInfo.Columns} FROM users WHERE {condition}", [sought], UserInfo.Read, token)).SingleOrDefault(),
            cancellationToken);

    // Null where the hash is another one by now.
    private async Task<LogIn?> TryLogInAsync(string username, string password, CancellationToken cancellationToken)
    {
        var (user, hash) = await _work.ReadAsync(
            async (db, token) => (await db.ReadAllAsync(
                $"SELECT {UserInfo.Columns}, password_hash FROM users WHERE {HasName}", [SoughtName(username)],
                row => (UserInfo.Read(row), row.TextOrNull(6)), token)).SingleOrDefault(),
            cancellationToken);
        if (user is not null && hash is not null && !_hasher.Knows(hash))
        {
            _hasher.VerifyNothing(password);
            LogUnknownHash(user.Id);
            return new(LogInOutcome.Refused, null);
        }

        var verified = _hasher.Verify(hash, password);
        if (user is null || verified is PasswordVerification.Wrong)
        {
            return new(LogInOutcome.Refused, null);
        }

        var (now, renewed) = (
            StoredTime.Of(_time.GetUtcNow()), verified is PasswordVerification.RightButOutdated ? _hasher.Hash(password) : hash);
        return await _work.DoAsync(
            async (db, token) =>
            {
                // Whoever was disabled, or got another password, since the look-up is not let in.
                var changed = await db.Users
                    .Where(row => row.Id == user.Id && row.Status == UserStatus.Active && row.PasswordHash == hash)
                    .ExecuteUpdateAsync(
                        update => update.SetProperty(row => row.LastLoginAt, now).SetProperty(row => row.PasswordHash, renewed),
                        token);
                return changed == 1 ? new LogIn(LogInOutcome.Done, user with { LastLoginAt = now })
                    : await db.Users.AnyAsync(row => row.Id == user.Id && row.Status == UserStatus.Disabled && row.PasswordHash == hash, token)
                        ? new(LogInOutcome.Disabled, null)
                    : null;
            },
            cancellationToken);
    }

    private Task<bool> ChangeAsync(
        Guid id, Func<NexusDbContext, IQueryable<User>, CancellationToken, Task<int>> change,
        CancellationToken cancellationToken)
        => _work.DoAsync(
            async (db, token) =>
                await change(db, db.Users.Where(user => user.Id == id && user.AnonymizedAt == null), token) == 1
                    ? true
                    : throw NotFound(id),
            cancellationToken);

    private static NpgsqlParameter SoughtName(string username)
        => DbCommands.Sought("name", TextField.Normalized(username.Trim()));

    private static string Name(string? username)
    {
        const string field = "name of a user";
        var name = TextField.Required(username, int.MaxValue, field);
        return TextField.Required(
            TextField.Normalized(name) ?? throw new NexusDataException(
                NexusDataErrorKind.Validation, $"The {field} holds what is no character."),
            UserConfiguration.LongestName, field);
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "The password hash of user {UserId} is of a kind that nobody verifies: register an IForeignPasswordHash for it.")]
    private partial void LogUnknownHash(Guid userId);

    private static NexusDataException NotFound(Guid id) => ChatErrors.NoUser(id);

    private static NexusDataException Taken(string name)
        => new(NexusDataErrorKind.Conflict, $"There is a user '{name}' already: take another name.");
}
