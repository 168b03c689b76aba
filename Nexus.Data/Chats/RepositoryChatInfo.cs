using System.Data.Common;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>What is shown of a session of the coding assistant.</summary>
/// <param name="Id">The chat.</param>
/// <param name="Title">What the sidebar shows.</param>
/// <param name="RepositoryName">The repository's name.</param>
/// <param name="RepositoryFullName">The name with its owner.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When its title, issue or mode was last changed.</param>
/// <param name="LastAccessedAt">When it was last touched or written to.</param>
/// <param name="ActiveIssue">The issue that is worked on; null for none.</param>
/// <param name="QuietMode">Whether the assistant keeps silent.</param>
public sealed record RepositoryChatInfo(
    Guid Id, string Title, string RepositoryName, string RepositoryFullName, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    DateTimeOffset LastAccessedAt, ActiveIssue? ActiveIssue, bool QuietMode)
{
    // In the order in which they are read.
    internal const string Columns =
        """
        c.id, c.title, c.repository_name, c.repository_full_name, c.created_at, c.updated_at, c.last_accessed_at,
        c.active_issue_number, c.active_issue_title, c.active_issue_url, c.quiet_mode
        """;

    internal static RepositoryChatInfo Read(DbDataReader row)
        => new(
            row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4),
            row.GetFieldValue<DateTimeOffset>(5), row.GetFieldValue<DateTimeOffset>(6),
            row.IsDBNull(7) ? null : new ActiveIssue(row.GetInt32(7), row.TextOrNull(8), row.TextOrNull(9)), row.GetBoolean(10));
}

/// <summary>The issue that a session works on.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Title">Its title; null where it is not known.</param>
/// <param name="Url">Its address; null where it is not known.</param>
public sealed record ActiveIssue(int Number, string? Title = null, string? Url = null);

/// <summary>The sessions of one period, newest first.</summary>
/// <param name="Period">The period.</param>
/// <param name="Chats">The sessions; never empty.</param>
public sealed record RecentChats(RecentPeriod Period, IReadOnlyList<RepositoryChatInfo> Chats);

/// <summary>How long ago a session was last touched or written to, by days of the caller's time zone.</summary>
public enum RecentPeriod
{
    /// <summary>Today.</summary>
    Today,

    /// <summary>Yesterday.</summary>
    Yesterday,

    /// <summary>On one of the seven days before today, and not yesterday.</summary>
    Previous7Days,

    /// <summary>On one of the thirty days before today, and on none of those seven.</summary>
    Previous30Days,

    /// <summary>Before.</summary>
    Older,
}
