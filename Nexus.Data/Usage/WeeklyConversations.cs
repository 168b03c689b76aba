namespace Nexus.Data.Usage;

/// <summary>Conversations that began in a week.</summary>
/// <param name="Year">The year that the week belongs to by ISO 8601.</param>
/// <param name="Week">Its number, 1 to 53.</param>
/// <param name="Monday">Its first day.</param>
/// <param name="Conversations">Conversations whose first request lies in it, one for each train that they are of.</param>
public sealed record WeeklyConversations(int Year, int Week, DateOnly Monday, long Conversations);
