using System.Globalization;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>How far the feed of messages was followed.</summary>
/// <param name="Origin">Of which database it is: numbers of transactions mean nothing in another one.</param>
/// <param name="Seen">The snapshot in which everything was seen, as PostgreSQL writes it.</param>
/// <param name="Reading">The later snapshot of which a part was seen; null for none.</param>
/// <param name="Last">The last message that was seen of it: its number in its chat, and its key.</param>
internal sealed record FeedToken(string Origin, string Seen, string? Reading = null, (long Sequence, Guid Id)? Last = null)
{
    // The first number that is given to a transaction.
    private const ulong FirstTransaction = 3;

    private static readonly PageCursor _cursor = new("messages as they are written");

    /// <summary>The same snapshot without the numbers above that of the last message that it sees.</summary>
    /// <param name="snapshot">A snapshot, as PostgreSQL writes it.</param>
    /// <param name="lastWriter">The greatest number of a transaction of which the snapshot sees a message; 0 for none.</param>
    /// <remarks>What is not on the disk when the server crashes leaves no trace, and its number is given again: such as that of a
    /// transaction that only notified. That of a message that is seen is on the disk, and so are all before it.</remarks>
    public static string Durable(string snapshot, ulong lastWriter)
    {
        var parts = snapshot.Split(':');
        var end = Math.Min(Number(parts[1]), Math.Max(lastWriter + 1, FirstTransaction));
        var open = parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries).Where(number => Number(number) < end);
        return string.Create(
            CultureInfo.InvariantCulture, $"{Math.Min(Number(parts[0]), end)}:{end}:{string.Join(',', open)}");

        static ulong Number(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>As a text to keep.</summary>
    public string Write()
        => Reading is not null && Last is var (sequence, id)
            ? _cursor.Write(Origin, Seen, Reading, sequence, id)
            : _cursor.Write(Origin, Seen);

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
            ? new(key.Text(0), key.Text(1), key.Text(2), (key.Number(3), key.Id(4)))
            : new(key.Text(0), key.Text(1));
    }
}
