using Nexus.Data.Chats;

namespace Nexus.Data.Seeding.Populations;

/// <summary>What a population looks like, and whether it hangs together: all of it as of one instant.</summary>
/// <param name="Tables">How many rows each table has; of those that hold no chats only where there are any.</param>
/// <param name="People">The first five of the people.</param>
/// <param name="Rooms">The ten chats with the most messages.</param>
/// <param name="Lines">The ten newest messages.</param>
/// <param name="Checks">What was looked at.</param>
public sealed record PopulationVerdict(
    IReadOnlyList<PopulationCount> Tables, IReadOnlyList<PopulationPerson> People, IReadOnlyList<PopulationRoom> Rooms,
    IReadOnlyList<PopulationLine> Lines, IReadOnlyList<PopulationCheck> Checks)
{
    /// <summary>Whether nothing was found wrong.</summary>
    public bool IsRight => Checks.All(check => check.Violations == 0);
}

/// <summary>How many rows a table has.</summary>
/// <param name="Table">The table.</param>
/// <param name="Rows">Their number.</param>
public sealed record PopulationCount(string Table, long Rows);

/// <summary>One of the people.</summary>
/// <param name="Username">The name.</param>
/// <param name="Status">Whether the person may take part; null for a word that there is not.</param>
/// <param name="CreatedAt">When the person was added.</param>
public sealed record PopulationPerson(string? Username, UserStatus? Status, DateTimeOffset CreatedAt);

/// <summary>A chat.</summary>
/// <param name="Id">The chat.</param>
/// <param name="Kind">Its kind; null for a word that there is not.</param>
/// <param name="Title">Its title or topic, or the names of the two who are in it; null for nothing.</param>
/// <param name="Members">How many members it has.</param>
/// <param name="Messages">How many messages.</param>
public sealed record PopulationRoom(Guid Id, ChatKind? Kind, string? Title, long Members, long Messages);

/// <summary>A message.</summary>
/// <param name="CreatedAt">When it was written.</param>
/// <param name="Sender">Who wrote it; null where a program did.</param>
/// <param name="Room">The chat's title or topic, or the names of the two who are in it; null for nothing.</param>
/// <param name="Content">Its first fifty characters, with … behind them where there are more; null where there is no text.</param>
public sealed record PopulationLine(DateTimeOffset CreatedAt, string? Sender, string? Room, string? Content);

/// <summary>What was looked at.</summary>
/// <param name="Name">The check.</param>
/// <param name="Purpose">What should be so.</param>
/// <param name="Violations">How many things are not so.</param>
/// <param name="Examples">Up to five of them.</param>
public sealed record PopulationCheck(string Name, string Purpose, long Violations, IReadOnlyList<string> Examples);
