using System.Data.Common;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>What is shown of a person: nothing that a password is verified by.</summary>
/// <param name="Id">The person.</param>
/// <param name="Username">The name.</param>
/// <param name="Status">Whether the person may take part.</param>
/// <param name="LastLoginAt">When the person last logged in; null for never.</param>
/// <param name="CreatedAt">When the person was added.</param>
/// <param name="AnonymizedAt">When the person went; null for whoever is here.</param>
public sealed record UserInfo(
    Guid Id, string Username, UserStatus Status, DateTimeOffset? LastLoginAt, DateTimeOffset CreatedAt,
    DateTimeOffset? AnonymizedAt)
{
    internal static UserInfo Of(User user)
        => new(user.Id, user.Username, user.Status, user.LastLoginAt, user.CreatedAt, user.AnonymizedAt);

    /// <summary>The columns of users, in the order of the parameters: without the hash, which not everybody may read.</summary>
    internal const string Columns = "id, username, status, last_login_at, created_at, anonymized_at";

    internal static UserInfo Read(DbDataReader row)
        => new(
            row.GetGuid(0), row.GetString(1), EnumText<UserStatus>.Parse(row.GetString(2)), row.ValueOrNull<DateTimeOffset>(3),
            row.GetFieldValue<DateTimeOffset>(4), row.ValueOrNull<DateTimeOffset>(5));
}

/// <summary>What came of an attempt to log in.</summary>
/// <param name="Outcome">Whether the person is let in.</param>
/// <param name="User">Who it is; null for whoever is not let in.</param>
public sealed record LogIn(LogInOutcome Outcome, UserInfo? User);

/// <summary>Whether a person is let in.</summary>
public enum LogInOutcome
{
    /// <summary>The person is.</summary>
    Done,

    /// <summary>There is no such name, or the password is another one.</summary>
    Refused,

    /// <summary>The password is right, and the person is disabled.</summary>
    Disabled,
}

/// <summary>What came of taking a person out.</summary>
public enum Anonymization
{
    /// <summary>The person has gone.</summary>
    Done,

    /// <summary>The person had gone already.</summary>
    Unchanged,

    /// <summary>The person is the only admin of a group with other members; nothing was changed.</summary>
    LastAdmin,
}
