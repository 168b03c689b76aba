using System.Data.Common;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>A direct chat or a group.</summary>
/// <param name="Id">The room.</param>
/// <param name="Kind">Direct or group.</param>
/// <param name="Topic">What a group is about; null for nothing in particular.</param>
/// <param name="LowUserId">Of a direct chat's two people the one whose identifier comes first; null for a group.</param>
/// <param name="HighUserId">The other one.</param>
/// <param name="CreatedByUserId">Who made a group; null where nobody knows.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When its topic was last changed.</param>
/// <param name="LastAccessedAt">When it was last written to.</param>
public sealed record RoomInfo(
    Guid Id, ChatKind Kind, string? Topic, Guid? LowUserId, Guid? HighUserId, Guid? CreatedByUserId, DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt, DateTimeOffset LastAccessedAt)
{
    /// <summary>The columns of chats as c, in the order of the parameters.</summary>
    internal const string Columns =
        """
        c.id, c.kind, c.topic, c.low_user_id, c.high_user_id, c.created_by_user_id, c.created_at, c.updated_at, c.last_accessed_at
        """;

    internal static RoomInfo Read(DbDataReader row)
        => new(
            row.GetGuid(0), EnumText<ChatKind>.Parse(row.GetString(1)), row.TextOrNull(2), row.ValueOrNull<Guid>(3),
            row.ValueOrNull<Guid>(4), row.ValueOrNull<Guid>(5), row.GetFieldValue<DateTimeOffset>(6),
            row.GetFieldValue<DateTimeOffset>(7), row.GetFieldValue<DateTimeOffset>(8));
}

/// <summary>A member of a room.</summary>
/// <param name="UserId">The person.</param>
/// <param name="Username">The person's name.</param>
/// <param name="Status">Whether the person may take part.</param>
/// <param name="Role">What the person may do in the room.</param>
/// <param name="JoinedAt">When the person was added.</param>
public sealed record RoomMember(Guid UserId, string Username, UserStatus Status, ChatRole Role, DateTimeOffset JoinedAt);

/// <summary>A room as its member's list shows it.</summary>
/// <param name="Id">The room.</param>
/// <param name="Kind">Direct or group.</param>
/// <param name="Title">The other person's name, or the group's topic, or, where it has none, the names of three others who are in
/// it; null where nobody can be named.</param>
/// <param name="Role">What the member may do in it.</param>
/// <param name="UnreadCount">How many of its messages the member has not read.</param>
/// <param name="LastMessage">Its newest message; null where there is none.</param>
/// <param name="LastAccessedAt">When it was last written to: what the list is ordered by.</param>
public sealed record RoomOverview(
    Guid Id, ChatKind Kind, string? Title, ChatRole Role, long UnreadCount, MessagePreview? LastMessage,
    DateTimeOffset LastAccessedAt)
{
    internal static RoomOverview Read(DbDataReader row)
        => new(
            row.GetGuid(0), EnumText<ChatKind>.Parse(row.GetString(1)), row.TextOrNull(2), EnumText<ChatRole>.Parse(row.GetString(3)),
            row.GetInt64(4),
            row.IsDBNull(6)
                ? null
                : new(
                    row.GetGuid(6), EnumText<MessageType>.Parse(row.GetString(7)), row.GetString(8), row.ValueOrNull<Guid>(9),
                    row.TextOrNull(10), row.GetFieldValue<DateTimeOffset>(11)),
            row.GetFieldValue<DateTimeOffset>(5));
}

/// <summary>The beginning of a message.</summary>
/// <param name="Id">The message.</param>
/// <param name="Type">Whose line it is.</param>
/// <param name="Text">Its first 200 characters.</param>
/// <param name="SenderId">The person who wrote it; null where a program did.</param>
/// <param name="SenderName">That person's name; null where there is none, or where the person has gone.</param>
/// <param name="CreatedAt">When it was written.</param>
public sealed record MessagePreview(
    Guid Id, MessageType Type, string Text, Guid? SenderId, string? SenderName, DateTimeOffset CreatedAt);

/// <summary>What came of a change of who is in a group, and as what.</summary>
public enum RoomChange
{
    /// <summary>It is as was asked for.</summary>
    Done,

    /// <summary>It was so already; nothing was changed.</summary>
    Unchanged,

    /// <summary>The group would be left with members and without an admin; nothing was changed.</summary>
    LastAdmin,
}
