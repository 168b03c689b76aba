using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Chats;

/// <summary>What pages of lists that are ordered by a time and an identifier have in common.</summary>
internal static class ChatPages
{
    /// <summary>Refuses lengths of pages that are none.</summary>
    public static void Check(int limit, int longest)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, longest);
    }

    /// <summary>Where the page begins, as <c>@time</c> and <c>@id</c>; nothing for the first one.</summary>
    public static NpgsqlParameter[] Place(PageCursor.Key? last)
        => last is null ? [] : [DbCommands.Time("time", last.Time(0)), DbCommands.Uuid("id", last.Id(1))];
}
