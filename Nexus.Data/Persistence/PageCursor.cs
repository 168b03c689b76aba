using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Persistence;

/// <summary>
/// Where a page of a list ends, as a text that people hand back: it says of which list and of which filters it is, so that it
/// is refused elsewhere instead of leaving out what it should show.
/// </summary>
/// <param name="list">The list's name, as messages say it: <c>conversations</c>.</param>
/// <param name="filters">All that decides what is listed and in which order, always in the same order; not the page's length.
/// </param>
internal sealed class PageCursor(string list, params object?[] filters)
{
    // Whoever writes cursors otherwise counts this up: a page of another release is then said to be one.
    private const byte Version = 1;

    private const int SumLength = 4;
    private const int HashLength = 8;
    // A token of the feed of messages names every transaction that was open.
    private const int LongestCursor = 1_000_000;

    private const byte TimeTag = (byte)'t';
    private const byte IdTag = (byte)'i';
    private const byte TextTag = (byte)'s';
    private const byte NumberTag = (byte)'n';

    private byte[]? _hashOfFilters;

    /// <summary>The cursor of the page that ends with the item of this key.</summary>
    /// <param name="key">Times, identifiers, texts and numbers (<see cref="long"/>), as the list is ordered by.</param>
    public string Write(params object[] key)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(Version);
        writer.Write(list);
        writer.Write(HashOfFilters());
        foreach (var value in key)
        {
            switch (value)
            {
                case DateTimeOffset time:
                    writer.Write(TimeTag);
                    writer.Write(time.UtcTicks);
                    break;
                case Guid id:
                    writer.Write(IdTag);
                    writer.Write(id.ToByteArray());
                    break;
                case string text:
                    writer.Write(TextTag);
                    writer.Write(text);
                    break;
                case long number:
                    writer.Write(NumberTag);
                    writer.Write(number);
                    break;
                default:
                    throw new ArgumentException($"A cursor holds no {value.GetType().Name}.", nameof(key));
            }
        }

        writer.Flush();
        var written = stream.ToArray();
        return Base64Url.EncodeToString([.. Sum(written), .. written]);
    }

    /// <summary>The cursor of the page behind one; null where the list ends with it.</summary>
    /// <param name="rows">What was found for the page: one row more than it holds, where there is another page.</param>
    /// <param name="limit">How many it holds.</param>
    /// <param name="key">A row's key.</param>
    public string? Next<T>(IReadOnlyList<T> rows, int limit, Func<T, object[]> key)
        => rows.Count > limit ? Write(key(rows[limit - 1])) : null;

    /// <summary>The key that a cursor holds; null where there is no cursor.</summary>
    /// <param name="cursor">What <see cref="Write"/> gave; null for the first page.</param>
    /// <exception cref="NexusDataException">It is no cursor, or one of another list, other filters or a newer release.
    /// </exception>
    public Key? Read(string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        if (cursor.Length > LongestCursor || !Base64Url.IsValid(cursor))
        {
            throw NoCursor();
        }

        var bytes = Base64Url.DecodeFromChars(cursor);
        if (bytes.Length <= SumLength || !Sum(bytes.AsSpan(SumLength)).SequenceEqual(bytes.AsSpan(0, SumLength)))
        {
            throw NoCursor();
        }

        if (bytes[SumLength] > Version)
        {
            throw Invalid("The cursor is of a newer release than this one. Start again at the first page.");
        }

        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes[(SumLength + 1)..]), Encoding.UTF8);
            if (reader.ReadString() is var other && other != list)
            {
                throw Invalid($"The cursor is of the list of {other} and not of that of {list}. Start at the first page.");
            }

            if (!reader.ReadBytes(HashLength).AsSpan().SequenceEqual(HashOfFilters()))
            {
                throw Invalid("The cursor is of the same list with other filters. Start again at the first page, or give the "
                    + "filters that it was given for.");
            }

            return new(ReadValues(reader));
        }
        catch (Exception exception) when (exception is IOException or FormatException or ArgumentException)
        {
            throw NoCursor(exception);
        }
    }

    private static List<object> ReadValues(BinaryReader reader)
    {
        var values = new List<object>();
        while (reader.BaseStream.Position < reader.BaseStream.Length)
        {
            values.Add(reader.ReadByte() switch
            {
                TimeTag => new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero),
                IdTag => new Guid(reader.ReadBytes(16)),
                TextTag => reader.ReadString(),
                NumberTag => reader.ReadInt64(),
                _ => throw new FormatException(),
            });
        }

        return values;
    }

    // Against slips of copying: whoever forges a cursor reads nothing that the list would not show.
    private static byte[] Sum(ReadOnlySpan<byte> written) => SHA256.HashData(written)[..SumLength];

    private byte[] HashOfFilters() => _hashOfFilters ??= Hash();

    private byte[] Hash()
    {
        var all = new StringBuilder();
        foreach (var filter in filters)
        {
            var text = filter switch
            {
                null => null,
                DateTimeOffset time => time.UtcTicks.ToString(CultureInfo.InvariantCulture),
                IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
                _ => filter.ToString(),
            };
            all.Append(CultureInfo.InvariantCulture, $"{text?.Length ?? -1}:{text}");
        }

        return SHA256.HashData(Encoding.Unicode.GetBytes(all.ToString()))[..HashLength];
    }

    private static NexusDataException NoCursor(Exception? inner = null)
        => Invalid("That is no cursor. Give what the page before named as the next one, whole, or none for the first page.", inner);

    private static NexusDataException Invalid(string message, Exception? inner = null)
        => new(NexusDataErrorKind.Validation, message, inner);

    /// <summary>The values of a cursor, in the order in which they were written.</summary>
    public sealed class Key(IReadOnlyList<object> values)
    {
        /// <summary>How many values there are.</summary>
        public int Count => values.Count;

        /// <exception cref="NexusDataException">There is no time at this place.</exception>
        public DateTimeOffset Time(int index) => Value<DateTimeOffset>(index);

        /// <exception cref="NexusDataException">There is no identifier at this place.</exception>
        public Guid Id(int index) => Value<Guid>(index);

        /// <exception cref="NexusDataException">There is no text at this place.</exception>
        public string Text(int index) => Value<string>(index);

        /// <exception cref="NexusDataException">There is no number at this place.</exception>
        public long Number(int index) => Value<long>(index);

        private T Value<T>(int index) => index < values.Count && values[index] is T value ? value : throw NoCursor();
    }
}
