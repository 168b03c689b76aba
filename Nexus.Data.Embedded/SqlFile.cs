namespace Nexus.Data.Embedded;

/// <summary>Looks at a file that is to be read as SQL: <c>psql</c> takes what ends in the middle for whole, and goes where it is
/// told.</summary>
internal static class SqlFile
{
    private const string DumpBegins = "-- PostgreSQL database dump";
    private const string DumpEnds = "-- PostgreSQL database dump complete";
    private const int LooksAt = 1 << 13;

    /// <summary>Reads it to its end.</summary>
    /// <param name="file">The file.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="IOException">It is no SQL, is not whole, or goes to other databases.</exception>
    public static async Task CheckAsync(string file, CancellationToken cancellationToken)
    {
        await EnsureTextAsync(file, cancellationToken);
        using var reader = new StreamReader(file);
        var (begins, ends) = (false, false);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            begins |= line == DumpBegins;
            ends |= line == DumpEnds;
            if (line.StartsWith(@"\connect ", StringComparison.Ordinal) || line.StartsWith(@"\c ", StringComparison.Ordinal))
            {
                throw new IOException(
                    $"{file} goes to a database that it names itself: {line.Trim()}. Take the dump of one database, made without --create.");
            }
        }

        if (begins && !ends)
        {
            throw new IOException($"{file} is not whole: pg_dump ends what it writes by '{DumpEnds}', which is not there.");
        }
    }

    private static async Task EnsureTextAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        var beginning = new byte[LooksAt];
        var length = await stream.ReadAtLeastAsync(beginning, beginning.Length, throwOnEndOfStream: false, cancellationToken);
        if (length == 0)
        {
            throw new IOException($"{file} is empty.");
        }

        if (beginning.AsSpan(0, length).Contains((byte)0) || beginning.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
        {
            throw new IOException(
                $"{file} is neither in the custom format of pg_dump nor SQL. Unpack it first, where it is packed.");
        }
    }
}
