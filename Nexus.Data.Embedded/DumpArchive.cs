using System.IO.Compression;
using System.Text;

namespace Nexus.Data.Embedded;

/// <summary>Passes on what <c>pg_dump</c> writes in its custom format, and puts rows of tables to it that it was told to leave out: so
/// that a backup of chosen rows is read by <c>pg_restore</c> as any other.</summary>
/// <remarks>The format: a header, a table of contents with where each table's rows are, and the rows, in pieces that are compressed
/// table by table. Places are written when all else is, as <c>pg_dump</c> does it.</remarks>
internal sealed class DumpArchive(Stream output)
{
    private const byte RowsBlock = 1;
    private const byte ObjectsBlock = 3;

    // What pg_dump writes after a table's last row.
    private static readonly byte[] _end = Encoding.ASCII.GetBytes("\\.\n\n\n");

    private readonly List<ArchiveEntry> _entries = [];
    private readonly Dictionary<string, ArchiveEntry> _added = new(StringComparer.Ordinal);
    private ArchiveHeader? _header;

    /// <summary>Passes on an archive.</summary>
    /// <param name="input">The archive, read once to its end.</param>
    /// <param name="tables">The tables whose rows follow, by their names with their schemas.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="IOException">It is of a version that is not known here, or lacks a table.</exception>
    public async Task PassAsync(Stream input, IReadOnlyList<AddedTable> tables, CancellationToken cancellationToken)
    {
        var reader = new ArchiveReader(input);
        _header = await ArchiveHeader.ReadAsync(reader, cancellationToken) ?? throw new IOException(
            "This pg_dump writes files in a format that is not known here: take that of PostgreSQL 12 to 18, or back up everything.");
        for (var count = await reader.IntAsync(cancellationToken); count > 0; count--)
        {
            _entries.Add(await ArchiveEntry.ReadAsync(reader, _header.Version, cancellationToken));
        }

        AddEntries(tables);
        WriteContents();
        await PassRowsAsync(reader, cancellationToken);
    }

    /// <summary>Puts the rows of a table to it.</summary>
    /// <param name="table">One of those that were named.</param>
    /// <param name="rows">What COPY sends of them as text.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>How many there are.</returns>
    public async Task<long> AddAsync(AddedTable table, Stream rows, CancellationToken cancellationToken)
    {
        var entry = _added[table.Name];
        Begin(entry.Id, RowsBlock);
        var chunks = new ChunkStream(output);
        var count = 0L;
        await using (var packed = _header!.IsCompressed ? new ZLibStream(chunks, CompressionLevel.Optimal, leaveOpen: true) : (Stream)chunks)
        {
            var buffer = new byte[1 << 16];
            while (await rows.ReadAsync(buffer, cancellationToken) is > 0 and var length)
            {
                // A line is a row: within one, line breaks are written otherwise.
                count += buffer.AsSpan(0, length).Count((byte)'\n');
                await packed.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
            }

            await packed.WriteAsync(_end, cancellationToken);
        }

        chunks.Complete();
        return count;
    }

    /// <summary>Says where everything is.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        output.Seek(0, SeekOrigin.Begin);
        WriteContents();
        await output.FlushAsync(cancellationToken);
    }

    private void AddEntries(IReadOnlyList<AddedTable> tables)
    {
        var id = _entries.Max(entry => entry.Id);
        foreach (var table in tables)
        {
            var made = _entries.Find(entry => entry.IsTable(table.Schema, table.Relation)) ?? throw new IOException(
                $"pg_dump left out the table {table.Name}: its user has to be one who may read everything, as nexus_backup may.");
            _added.Add(table.Name, made.RowsOf(++id, table.Copy));
        }

        var place = _entries.FindIndex(entry => entry.Section == ArchiveEntry.AfterDataSection);
        _entries.InsertRange(place < 0 ? _entries.Count : place, _added.Values);
    }

    private void WriteContents()
    {
        _header!.Write(output);
        output.WriteInt(_entries.Count);
        _entries.ForEach(entry => entry.Write(output, _header.Version));
    }

    private async Task PassRowsAsync(ArchiveReader reader, CancellationToken cancellationToken)
    {
        while (!await reader.IsAtEndAsync(cancellationToken))
        {
            var kind = await reader.ByteAsync(cancellationToken);
            if (kind is not (RowsBlock or ObjectsBlock))
            {
                throw new IOException($"pg_dump wrote a part of kind {kind}, which is not known here: back up everything.");
            }

            Begin(await reader.IntAsync(cancellationToken), kind);
            if (kind == RowsBlock)
            {
                await PassPiecesAsync(reader, cancellationToken);
                continue;
            }

            // Large objects, each after its number; none has 0.
            int number;
            do
            {
                output.WriteInt(number = await reader.IntAsync(cancellationToken));
                if (number != 0)
                {
                    await PassPiecesAsync(reader, cancellationToken);
                }
            }
            while (number != 0);
        }
    }

    private async Task PassPiecesAsync(ArchiveReader reader, CancellationToken cancellationToken)
    {
        int length;
        do
        {
            output.WriteInt(length = await reader.IntAsync(cancellationToken));
            await reader.CopyAsync(length, output, cancellationToken);
        }
        while (length != 0);
    }

    private void Begin(int id, byte kind)
    {
        if (_entries.Find(entry => entry.Id == id) is { } entry)
        {
            entry.PlaceState = ArchiveEntry.PlaceKnown;
            entry.Place = output.Position;
        }

        output.WriteByte(kind);
        output.WriteInt(id);
    }
}

/// <summary>A table whose rows are put to an archive.</summary>
/// <param name="Schema">Its schema.</param>
/// <param name="Relation">Its name in it.</param>
/// <param name="Name">Both, as SQL writes them.</param>
/// <param name="Columns">Its columns that are written, as SQL writes them.</param>
/// <param name="Query">What sends the rows.</param>
internal sealed record AddedTable(string Schema, string Relation, string Name, IReadOnlyList<string> Columns, string Query)
{
    /// <summary>What the rows are read back with.</summary>
    public string Copy => $"COPY {Name} ({string.Join(", ", Columns)}) FROM stdin;\n";
}
