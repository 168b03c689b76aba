using System.Text;

namespace Nexus.Data.Seeding.Traffic;

/// <summary>
/// Words, as the inside of a JSON string: what it writes needs no escaping any more. Some words are there for what
/// they do to a reader: quotes, backslashes, a backslash before an n, line ends, letters outside ASCII.
/// </summary>
internal sealed class TrafficText(TrafficRandom random)
{
    private static readonly byte[][] _words =
    [
        .. """
            the a of and to in for with on from by at as it this that one two three each both all some any other
            parser branch module table index column query cursor lock queue thread batch record request answer token
            header field value option default error retry window hour minute second order limit page reader writer
            server client socket buffer stream chunk hash prefix suffix parent child root node tree edge path line
            test case check build release version change commit merge draft review note plan goal step reason rule
            read write open close start stop wait send receive store load find sort join split count measure compare
            rename remove replace keep drop add move copy fill trim mask parse format print link place gather
            slow fast small large empty full early late first last next equal unique stable recent known missing
            must may can should will does has is are was were not never always often only also then when where why
            harbour station bridge river garden castle market mountain island forest valley lantern anchor compass
            naïve Zürich São café façade Ελλάδα Привет 東京 🚆 \"quoted\" \\n C:\\temp <b>&amp;</b> it's 50% x=1; {} [0]
            """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes),
    ];

    /// <summary>Appends about <paramref name="length"/> bytes of words; nothing to trim at either end.</summary>
    public void Append(ByteBuffer buffer, int length)
    {
        var end = buffer.Length + length;
        buffer.Append(random.Pick<byte[]>(_words));
        while (buffer.Length < end)
        {
            // One draw serves word and separator: this loop is where the time of a generated log goes.
            var draw = random.Next();
            buffer.Append((draw & 63) switch
            {
                0 => "\\n"u8,
                1 => "\\n\\n"u8,
                < 5 => ". "u8,
                < 9 => ", "u8,
                _ => " "u8,
            });
            buffer.Append(_words[(int)(((draw >> 32) * (ulong)_words.Length) >> 32)]);
        }
    }
}
