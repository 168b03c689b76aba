namespace Nexus.Data.Recording;

/// <summary>JSON texts as they stand in a log of lines.</summary>
internal static class JsonLines
{
    /// <summary>The same value without line ends, which are white space between tokens.</summary>
    public static ReadOnlyMemory<byte> OnOneLine(ReadOnlyMemory<byte> json)
    {
        if (!json.Span.ContainsAny((byte)'\n', (byte)'\r'))
        {
            return json;
        }

        var line = json.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        return line;
    }
}
