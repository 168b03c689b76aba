using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>The sessions of the coding assistant. Each method saves what it changes, in a transaction of its own or in the
/// caller's; reading changes nothing.</summary>
public sealed class RepositoryChats
{
    private const int LongestPage = 200;
    private const int LongestTitle = ChatConfiguration.LongestTitle;
    private const int LongestIssueText = 10_000;

    private readonly UnitOfWork _work;
    private readonly TimeProvider _time;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public RepositoryChats(IDbContextFactory<NexusDbContext> contexts, TimeProvider? time = null)
        : this(new UnitOfWork(contexts), time ?? TimeProvider.System)
    {
    }

    private RepositoryChats(UnitOfWork work, TimeProvider time) => (_work, _time) = (work, time);

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    public RepositoryChats In(NexusDbContext db) => new(new UnitOfWork(db), _time);

    /// <summary>Begins a session. Each call makes another one.</summary>
    /// <param name="repositoryName">The repository's name, 1 to 255 characters: <c>nexus</c>.</param>
    /// <param name="repositoryFullName">The name with its owner, 1 to 255 characters: <c>octo/nexus</c>.</param>
    /// <param name="title">What the sidebar shows, at most 255 characters; null for the repository's name and the day.</param>
    /// <param name="timeZone">Whose day that is; null for UTC's.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">A name is empty, or a text too long (validation).</exception>
    public Task<RepositoryChatInfo> CreateAsync(
        string repositoryName, string repositoryFullName, string? title = null, TimeZoneInfo? timeZone = null,
        CancellationToken cancellationToken = default)
    {
        var name = TextField.Required(repositoryName, LongestTitle, "name of a repository");
        var fullName = TextField.Required(repositoryFullName, LongestTitle, "full name of a repository");
        var now = StoredTime.Of(_time.GetUtcNow());
        var given = TextField.Optional(title, LongestTitle, "title of a chat") ?? Default(name, Day(now, timeZone));
        return _work.DoAsync(
            async (db, token) => (await db.ReadAllAsync(
                $"""
                INSERT INTO chats AS c (id, kind, title, repository_name, repository_full_name, quiet_mode, created_at, updated_at, last_accessed_at)
                VALUES (@id, 'repository', @title, @name, @full_name, false, @now, @now, @now) RETURNING {RepositoryChatInfo.Columns}
                """,
                [
                    DbCommands.Uuid("id", Guid.CreateVersion7()), DbCommands.Text("title", given), DbCommands.Text("name", name),
                    DbCommands.Text("full_name", fullName), DbCommands.Time("now", now),
                ],
                RepositoryChatInfo.Read, token)).Single(),
            cancellationToken);
    }

    /// <summary>A session; null where there is none.</summary>
    /// <param name="id">The session.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<RepositoryChatInfo?> FindAsync(Guid id, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) => (await db.ReadAllAsync(
                $"SELECT {RepositoryChatInfo.Columns} FROM chats c WHERE c.id = @id AND c.kind = 'repository'",
                [DbCommands.Uuid("id", id)], RepositoryChatInfo.Read, token)).SingleOrDefault(),
            cancellationToken);

    /// <summary>Sessions by when they were last touched or written to, newest first.</summary>
    /// <param name="repositoryFullName">Of one repository; null for all.</param>
    /// <param name="after">The cursor of the page before; null for the first page.</param>
    /// <param name="limit">How many at most: 1 to 200.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <remarks>A session that is touched between two pages goes to the front, and is not shown again.</remarks>
    /// <exception cref="NexusDataException">The cursor is of another list (validation).</exception>
    public Task<Page<RepositoryChatInfo>> ListAsync(
        string? repositoryFullName = null, string? after = null, int limit = 20, CancellationToken cancellationToken = default)
    {
        ChatPages.Check(limit, LongestPage);
        var cursor = new PageCursor("repository chats", repositoryFullName);
        var last = cursor.Read(after);
        return _work.ReadAsync(
            async (db, token) =>
            {
                var ofRepository = repositoryFullName is null ? "" : "AND c.repository_full_name = @repository";
                var later = last is null ? "" : "AND (c.last_accessed_at, c.id) < (@time, @id)";
                var found = await db.ReadAllAsync(
                    $"""
                    SELECT {RepositoryChatInfo.Columns} FROM chats c WHERE c.kind = 'repository' {ofRepository} {later}
                    ORDER BY c.last_accessed_at DESC, c.id DESC LIMIT @limit
                    """,
                    [
                        DbCommands.Number("limit", limit + 1),
                        .. repositoryFullName is null ? [] : new[] { DbCommands.Sought("repository", repositoryFullName) },
                        .. ChatPages.Place(last),
                    ],
                    RepositoryChatInfo.Read, token);
                return new Page<RepositoryChatInfo>(
                    [.. found.Take(limit)], cursor.Next(found, limit, chat => [chat.LastAccessedAt, chat.Id]));
            },
            cancellationToken);
    }

    /// <summary>The newest sessions, grouped as a sidebar shows them.</summary>
    /// <param name="timeZone">Whose days count.</param>
    /// <param name="repositoryFullName">Of one repository; null for all.</param>
    /// <param name="limit">How many at most: 1 to 200.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The periods in which there is something, newest first.</returns>
    public async Task<IReadOnlyList<RecentChats>> RecentAsync(
        TimeZoneInfo timeZone, string? repositoryFullName = null, int limit = 20, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timeZone);
        var page = await ListAsync(repositoryFullName, after: null, limit, cancellationToken);
        var today = Day(_time.GetUtcNow(), timeZone);
        return [.. page.Items.GroupBy(chat => PeriodOf(Day(chat.LastAccessedAt, timeZone), today))
            .OrderBy(group => group.Key).Select(group => new RecentChats(group.Key, [.. group]))];
    }

    /// <summary>Notes that a session was opened.</summary>
    /// <param name="id">The session.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">There is no such session (not found).</exception>
    public Task TouchAsync(Guid id, CancellationToken cancellationToken = default)
    {
        var now = StoredTime.Of(_time.GetUtcNow());

        // Nobody's clock takes it back.
        return ChangeAsync(
            id,
            update => update.SetProperty(
                chat => chat.LastAccessedAt, chat => chat.LastAccessedAt > now ? chat.LastAccessedAt : now),
            cancellationToken);
    }

    /// <summary>Gives a session another title.</summary>
    /// <param name="id">The session.</param>
    /// <param name="title">The title, 1 to 255 characters.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">There is no such session (not found), or the title is none (validation).</exception>
    public Task RenameAsync(Guid id, string title, CancellationToken cancellationToken = default)
    {
        var given = TextField.Required(title, LongestTitle, "title of a chat");
        return UpdateAsync(id, update => update.SetProperty(chat => chat.Title, given), cancellationToken);
    }

    /// <summary>Says which issue a session works on.</summary>
    /// <param name="id">The session.</param>
    /// <param name="issue">The issue; null for none any more.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">There is no such session (not found), or a text is too long (validation).</exception>
    public Task SetActiveIssueAsync(Guid id, ActiveIssue? issue, CancellationToken cancellationToken = default)
    {
        var (number, title, url) = (
            issue?.Number, TextField.Optional(issue?.Title, LongestIssueText, "title of an issue"),
            TextField.Optional(issue?.Url, LongestIssueText, "address of an issue"));
        return UpdateAsync(
            id,
            update => update.SetProperty(chat => chat.ActiveIssueNumber, number)
                .SetProperty(chat => chat.ActiveIssueTitle, title).SetProperty(chat => chat.ActiveIssueUrl, url),
            cancellationToken);
    }

    /// <summary>Says whether the assistant keeps silent.</summary>
    /// <param name="id">The session.</param>
    /// <param name="quietMode">Whether it does.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">There is no such session (not found).</exception>
    public Task SetQuietModeAsync(Guid id, bool quietMode, CancellationToken cancellationToken = default)
        => UpdateAsync(id, update => update.SetProperty(chat => chat.QuietMode, quietMode), cancellationToken);

    /// <summary>Deletes a session with its messages and snapshots.</summary>
    /// <param name="id">The session.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>False where there was none.</returns>
    public Task<bool> DeleteAsync(Guid id, CancellationToken cancellationToken = default)
        => _work.DoAsync(
            async (db, token) => await db.Set<RepositoryChat>().Where(chat => chat.Id == id).ExecuteDeleteAsync(token) == 1,
            cancellationToken);

    internal static RecentPeriod PeriodOf(DateOnly day, DateOnly today)
        => (today.DayNumber - day.DayNumber) switch
        {
            <= 0 => RecentPeriod.Today,
            1 => RecentPeriod.Yesterday,
            <= 7 => RecentPeriod.Previous7Days,
            <= 30 => RecentPeriod.Previous30Days,
            _ => RecentPeriod.Older,
        };

    private static DateOnly Day(DateTimeOffset time, TimeZoneInfo? timeZone)
        => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(time, timeZone ?? TimeZoneInfo.Utc).DateTime);

    // A name that leaves no room for the day is cut.
    private static string Default(string repositoryName, DateOnly day)
    {
        var date = day.ToString(" - yyyy-MM-dd", CultureInfo.InvariantCulture);
        var runes = repositoryName.EnumerateRunes().Take(LongestTitle - date.Length);
        return string.Concat(runes) + date;
    }

    private Task<bool> UpdateAsync(
        Guid id, Action<UpdateSettersBuilder<RepositoryChat>> set, CancellationToken cancellationToken)
    {
        var now = StoredTime.Of(_time.GetUtcNow());
        return ChangeAsync(
            id,
            update =>
            {
                set(update);
                update.SetProperty(chat => chat.UpdatedAt, now);
            },
            cancellationToken);
    }

    private Task<bool> ChangeAsync(
        Guid id, Action<UpdateSettersBuilder<RepositoryChat>> set, CancellationToken cancellationToken)
        => _work.DoAsync(
            async (db, token) => await db.Set<RepositoryChat>().Where(chat => chat.Id == id).ExecuteUpdateAsync(set, token) == 1
                ? true
                : throw ChatErrors.NotFound(id),
            cancellationToken);
}
