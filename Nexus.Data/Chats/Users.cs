using System.Text;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Chats;

/// <summary>The people of the team chat. Each method saves what it changes, in a transaction of its own or in the
/// caller's.</summary>
public sealed class Users
{
    private const int LongestPage = 200;

    // What begins with a text comes before the text with this behind it.
    private const string LastCharacter = "\U0010FFFF";

    private readonly UnitOfWork _work;
    private readonly PasswordHasher _hasher;
    private readonly TimeProvider _time;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="hasher">Hashes passwords.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public Users(IDbContextFactory<NexusDbContext> contexts, PasswordHasher hasher, TimeProvider? time = null)
        : this(new UnitOfWork(contexts), hasher, time ?? TimeProvider.System)
        => ArgumentNullException.ThrowIfNull(hasher);

    private Users(UnitOfWork work, PasswordHasher hasher, TimeProvider time)
        => (_work, _hasher, _time) = (work, hasher, time);

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    public Users In(NexusDbContext db) => new(new UnitOfWork(db), _hasher, _time);

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
        => _work.ReadAsync(
            async (db, token) => await db.Users.AsNoTracking().SingleOrDefaultAsync(user => user.Id == id, token) is { } user
                ? UserInfo.Of(user) : null,
            cancellationToken);

    /// <summary>A person by name, in any case of its letters; null where there is none.</summary>
    /// <param name="username">The name; spaces around it do not count.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<UserInfo?> FindByNameAsync(string username, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(username);
        return _work.ReadAsync(
            async (db, token) => await FindByNameAsync(db, username, token) is { } user ? UserInfo.Of(user) : null,
            cancellationToken);
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
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, LongestPage);
        var sought = TextField.Sought(beginning.Trim().Normalize());
        var cursor = new PageCursor("users", sought);
        var last = cursor.Read(after);
        return _work.ReadAsync(
            async (db, token) =>
            {
                // One more than is shown says whether there is another page.
                var found = await db.ReadAllAsync(
                    """
                    SELECT id, username, status, last_login_at, created_at, anonymized_at, lower(username) FROM users
                    WHERE lower(username) COLLATE "C" >= lower(@beginning) AND lower(username) COLLATE "C" < lower(@beginning) || @last
                      AND lower(username) COLLATE "C" > @after AND anonymized_at IS NULL
                    ORDER BY lower(username) COLLATE "C" LIMIT @limit
                    """,
                    [
                        DbCommands.Text("beginning", sought), DbCommands.Text("last", LastCharacter),
                        DbCommands.Text("after", last?.Text(0) ?? ""),
                        DbCommands.Number("limit", limit + 1),
                    ],
                    row => (Info: UserInfo.Read(row), Key: row.GetString(6)), token);
                return new Page<UserInfo>(
                    [.. found.Take(limit).Select(row => row.Info)],
                    found.Count > limit ? cursor.Write(found[limit - 1].Key) : null);
            },
            cancellationToken);
    }

    /// <summary>Logs a person in by name and password: notes the time, and makes a hash anew that is not made as new ones
    /// are.</summary>
    /// <param name="username">The name, in any case of its letters.</param>
    /// <param name="password">The password.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>Who it is, or why not: a name that does not exist and a wrong password are one answer, and take one time.</returns>
    /// <exception cref="NexusDataException">The stored hash is of a kind that nobody verifies (validation).</exception>
    public async Task<LogIn> LogInAsync(string username, string password, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(username);
        ArgumentNullException.ThrowIfNull(password);
        var user = await _work.ReadAsync((db, token) => FindByNameAsync(db, username, token), cancellationToken);
        var verified = _hasher.Verify(user?.PasswordHash, password);
        if (user is null || verified is PasswordVerification.Wrong)
        {
            return new(LogInOutcome.Refused, null);
        }

        var (now, hash) = (
            StoredTime.Of(_time.GetUtcNow()),
            verified is PasswordVerification.RightButOutdated ? _hasher.Hash(password) : user.PasswordHash);
        return await _work.DoAsync(
            async (db, token) =>
            {
                // Whoever was disabled, or got another password, since the look-up is not let in.
                var changed = await db.Users
                    .Where(row => row.Id == user.Id && row.Status == UserStatus.Active && row.PasswordHash == user.PasswordHash)
                    .ExecuteUpdateAsync(
                        update => update.SetProperty(row => row.LastLoginAt, now).SetProperty(row => row.PasswordHash, hash), token);
                if (changed == 0)
                {
                    var stored = await db.Users.AsNoTracking().SingleOrDefaultAsync(row => row.Id == user.Id, token);
                    return new LogIn(
                        stored is { Status: UserStatus.Disabled } ? LogInOutcome.Disabled : LogInOutcome.Refused, null);
                }

                user.LastLoginAt = now;
                return new(LogInOutcome.Done, UserInfo.Of(user));
            },
            cancellationToken);
    }

    /// <summary>Gives a person another name.</summary>
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
            async (users, token) =>
            {
                try
                {
                    return await users.ExecuteUpdateAsync(update => update.SetProperty(user => user.Username, name), token);
                }
                catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation
                    && exception.ConstraintName == UserConfiguration.OncePerName)
                {
                    throw Taken(name);
                }
            },
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
            id, (users, token) => users.ExecuteUpdateAsync(update => update.SetProperty(user => user.PasswordHash, hash), token),
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
                id, (users, token) => users.ExecuteUpdateAsync(update => update.SetProperty(user => user.Status, status), token),
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
                // First the person, then the chats by key: nobody joins or changes roles meanwhile.
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
                var (now, name) = (StoredTime.Of(_time.GetUtcNow()), $"gone-{id}");
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

    private Task<bool> ChangeAsync(
        Guid id, Func<IQueryable<User>, CancellationToken, Task<int>> change, CancellationToken cancellationToken)
        => _work.DoAsync(
            async (db, token) =>
                await change(db.Users.Where(user => user.Id == id && user.AnonymizedAt == null), token) == 1
                    ? true
                    : throw NotFound(id),
            cancellationToken);

    private static Task<User?> FindByNameAsync(NexusDbContext db, string username, CancellationToken cancellationToken)
        => db.Users.FromSqlInterpolated(
                $"""SELECT * FROM users WHERE lower(username) COLLATE "C" = lower({TextField.Sought(username.Trim().Normalize())}) COLLATE "C" """)
            .AsNoTracking().SingleOrDefaultAsync(cancellationToken);

    private static string Name(string username)
        => TextField.Required(username?.Normalize(NormalizationForm.FormC), UserConfiguration.LongestName, "name of a user");

    private static NexusDataException NotFound(Guid id) => new(NexusDataErrorKind.NotFound, $"There is no user {id}.");

    private static NexusDataException Taken(string name)
        => new(NexusDataErrorKind.Conflict, $"There is a user '{name}' already: take another name.");
}
