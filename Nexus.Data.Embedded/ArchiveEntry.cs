using System.Globalization;
using System.Text;

namespace Nexus.Data.Embedded;

/// <summary>A line of an archive's table of contents. Texts are the bytes that were read.</summary>
internal sealed class ArchiveEntry
{
    public const int DataSection = 3;
    public const int AfterDataSection = 4;

    /// <summary>An entry has rows whose place is not known yet, has them at a known place, or has none.</summary>
    public const byte PlaceUnknown = 1;
    public const byte PlaceKnown = 2;
    public const byte NoRows = 3;

    public required int Id { get; init; }

    public required int HasRows { get; init; }

    /// <summary>The numbers of the catalog's table and of the row in it, as text.</summary>
    public required byte[]?[] CatalogId { get; init; }

    public required byte[]? Tag { get; init; }

    public required byte[]? Kind { get; init; }

    public required int Section { get; init; }

    /// <summary>What makes it, what drops it, and what its rows are read with.</summary>
    public required byte[]?[] Statements { get; init; }

    public required byte[]? Schema { get; init; }

    /// <summary>Its tablespace and its access method.</summary>
    public required byte[]?[] Storage { get; init; }

    /// <summary>From version 1.16 on.</summary>
    public int RelationKind { get; init; }

    /// <summary>Its owner, and what was once whether it has OIDs.</summary>
    public required byte[]?[] Owner { get; init; }

    public required IReadOnlyList<byte[]> DependsOn { get; init; }

    public byte PlaceState { get; set; }

    public long Place { get; set; }

    public bool Is(string kind) => Kind.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(kind));

    public bool IsTable(string schema, string name)
        => Is("TABLE") && Schema.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(schema))
            && Tag.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(name));

    /// <summary>The entry for the rows of a table.</summary>
    public ArchiveEntry RowsOf(int id, string copy) => new()
    {
        Id = id,
        HasRows = 1,
        CatalogId = ["0"u8.ToArray(), CatalogId[1]],
        Tag = Tag,
        Kind = "TABLE DATA"u8.ToArray(),
        Section = DataSection,
        Statements = [[], [], Encoding.UTF8.GetBytes(copy)],
        Schema = Schema,
        Storage = [null, null],
        Owner = Owner,
        DependsOn = [Encoding.UTF8.GetBytes(Id.ToString(CultureInfo.InvariantCulture))],
        PlaceState = PlaceUnknown,
    };

    public static async Task<ArchiveEntry> ReadAsync(ArchiveReader reader, int version, CancellationToken cancellationToken)
    {
        var entry = new ArchiveEntry
        {
            Id = await reader.IntAsync(cancellationToken),
            HasRows = await reader.IntAsync(cancellationToken),
            CatalogId = await TextsAsync(2),
            Tag = await reader.TextAsync(cancellationToken),
            Kind = await reader.TextAsync(cancellationToken),
            Section = await reader.IntAsync(cancellationToken),
            Statements = await TextsAsync(3),
            Schema = await reader.TextAsync(cancellationToken),
            Storage = await TextsAsync(2),
            RelationKind = version >= ArchiveHeader.WithRelationKind ? await reader.IntAsync(cancellationToken) : 0,
            Owner = await TextsAsync(2),
            DependsOn = await DependenciesAsync(),
            PlaceState = await reader.ByteAsync(cancellationToken),
        };

        // What came through a pipe says nothing of places.
        await reader.BytesAsync(sizeof(long), cancellationToken);
        return entry;

        async Task<byte[]?[]> TextsAsync(int count)
        {
            var texts = new byte[]?[count];
            for (var i = 0; i < count; i++)
            {
                texts[i] = await reader.TextAsync(cancellationToken);
            }

            return texts;
        }

        async Task<List<byte[]>> DependenciesAsync()
        {
            var ids = new List<byte[]>();
            while (await reader.TextAsync(cancellationToken) is { } id)
            {
                ids.Add(id);
            }

            return ids;
        }
    }

    public void Write(Stream output, int version)
    {
        output.WriteInt(Id);
        output.WriteInt(HasRows);
        WriteTexts(CatalogId);
        WriteTexts([Tag, Kind]);
        output.WriteInt(Section);
        WriteTexts(Statements);
        WriteTexts([Schema]);
        WriteTexts(Storage);
        if (version >= ArchiveHeader.WithRelationKind)
        {
            output.WriteInt(RelationKind);
        }

        WriteTexts(Owner);
        WriteTexts(DependsOn);
        WriteTexts([null]);
        output.WriteOffset(PlaceState, Place);

        void WriteTexts(IEnumerable<byte[]?> texts)
        {
            foreach (var text in texts)
            {
                output.WriteText(text);
            }
        }
    }
}
