using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>How far the feed of messages was followed.</summary>
/// <param name="Origin">Of which database it is: numbers of transactions mean nothing in another one.</param>
/// <param name="Seen">The snapshot in which everything was seen, as PostgreSQL writes it.</param>
/// <param name="Reading">The later snapshot of which a part was seen; null for none.</param>
/// <param name="Last">The last message that was seen of it.</param>
internal sealed record FeedToken(string Origin, string Seen, string? Reading = null, (DateTimeOffset Time, Guid Id)? Last = null)
{
    private static readonly PageCursor _cursor = new("messages as they are written");

    public string Write()
        => Reading is not null && Last is var (time, id) ? _cursor.Write(Origin, Seen, Reading, time, id) : _cursor.Write(Origin, Seen);

    /// <exception cref="NexusDataException">It is no token.</exception>
    public static FeedToken Read(string token)
    {
        PageCursor.Key key;
        try
        {
            key = _cursor.Read(token)!;
        }
        catch (NexusDataException exception)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                "That is no token of the feed of messages: give that of the last message, whole, as it was given.", exception);
        }

        return key.Count > 2
            ? new(key.Text(0), key.Text(1), key.Text(2), (key.Time(3), key.Id(4)))
            : new(key.Text(0), key.Text(1));
    }
}
