using System.Globalization;
using System.Text;

namespace Nexus.Data.Embedded;

/// <summary>The beginning of an archive of <c>pg_dump</c> in its custom format.</summary>
internal sealed class ArchiveHeader
{
    /// <summary>Since when lines of the table of contents say what kind of relation it is: PostgreSQL 17.</summary>
    public const int WithRelationKind = 16;

    // Of PostgreSQL 12, 16 and 17.
    private const int Oldest = 14;
    private const int WithAlgorithm = 15;
    private const int Newest = 16;
    private const byte Custom = 1;
    private const int TimeFields = 7;

    /// <summary>What such a file begins with.</summary>
    public static ReadOnlySpan<byte> Beginning => "PGDMP"u8;

    /// <summary>The second number of the format's version, after 1.</summary>
    public required int Version { get; init; }

    /// <summary>Whether rows are compressed, by zlib.</summary>
    public required bool IsCompressed { get; init; }

    /// <summary>The version of the server that was dumped, as it says it.</summary>
    public required string ServerVersion { get; init; }

    /// <summary>All of it, to be written again.</summary>
    public required Action<Stream> Write { get; init; }

    /// <summary>The major version of the server; 0 where it cannot be told.</summary>
    public int ServerMajor
        => int.TryParse(
            [.. ServerVersion.TakeWhile(char.IsAsciiDigit)], NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0;

    /// <summary>Reads it.</summary>
    /// <param name="reader">An archive at its beginning.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Null where the format is one that is not known here, or is none.</returns>
    public static async Task<ArchiveHeader?> ReadAsync(ArchiveReader reader, CancellationToken cancellationToken)
    {
        // The beginning, three numbers of the version, the sizes of integers and places, and the format.
        var start = await reader.BytesAsync(Beginning.Length + 6, cancellationToken);
        var (version, intSize, placeSize) = (start[6], start[8], start[9]);
        if (!start.AsSpan().StartsWith(Beginning) || start[5] != 1 || version is < Oldest or > Newest || intSize != 4 || placeSize != 8
            || start[10] != Custom)
        {
            return null;
        }

        reader.IntSize = intSize;
        var compression = version >= WithAlgorithm
            ? await reader.ByteAsync(cancellationToken)
            : await reader.IntAsync(cancellationToken);
        if (version >= WithAlgorithm && compression > 1)
        {
            return null;
        }

        var time = new int[TimeFields];
        for (var i = 0; i < time.Length; i++)
        {
            time[i] = await reader.IntAsync(cancellationToken);
        }

        var database = await reader.TextAsync(cancellationToken);
        var server = await reader.TextAsync(cancellationToken);
        var program = await reader.TextAsync(cancellationToken);
        return new()
        {
            Version = version,
            IsCompressed = compression != 0,
            ServerVersion = Encoding.UTF8.GetString(server ?? []),
            Write = output =>
            {
                output.Write(start);
                if (version >= WithAlgorithm)
                {
                    output.WriteByte((byte)compression);
                }
                else
                {
                    output.WriteInt(compression);
                }

                Array.ForEach(time, output.WriteInt);
                output.WriteText(database);
                output.WriteText(server);
                output.WriteText(program);
            },
        };
    }
}
