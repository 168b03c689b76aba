using System.Buffers.Binary;
using Nexus.Data.Recording.Spooling;

namespace Nexus.Data.Tests.Recording.Spooling;

/// <summary>What is found of a spool whose files are not what was written.</summary>
public sealed class SpoolDamageTests : SpoolTest
{
    private static readonly string[] _texts = ["the first", "the second one", "and a third"];

    [Test]
    public async Task Cut_at_any_byte_of_its_last_entry_a_segment_gives_all_entries_before()
    {
        var segment = await SegmentOfAsync(_texts);
        var start = segment.Length - EntryHeader.Size - _texts[2].Length;

        var wrong = new List<int>();
        for (var length = start; length < segment.Length; length++)
        {
            Put(segment.AsSpan(0, length));
            await using var spool = await OpenAsync();
            var isRight = Texts(spool).SequenceEqual(_texts[..2]) && spool.Damages == 0
                && new FileInfo(Segments()[0]).Length == start
                && await AppendAsync(spool, "next") == 3 && Texts(spool) is ["next"];
            if (!isRight)
            {
                wrong.Add(length);
            }
        }

        Assert.That(wrong, Is.Empty);
        Assert.That(Log.Lines, Has.Some.StartsWith("Information: Cut "));
    }

    [Test]
    public async Task Cut_within_its_header_the_newest_segment_is_an_empty_one()
    {
        var segment = await SegmentOfAsync(_texts);

        for (var length = 0; length <= SegmentHeader.Size; length++)
        {
            Put(segment.AsSpan(0, length));
            await using var spool = await OpenAsync();
            Assert.That(ReadAll(spool), Is.Empty);
            Assert.That(spool.Damages, Is.Zero);
        }
    }

    [Test]
    public async Task A_single_bit_that_differs_is_found_anywhere_and_costs_the_entry_it_is_in_at_most()
    {
        var segment = await SegmentOfAsync(_texts);
        var wrong = new List<int>();
        for (var bit = 0; bit < segment.Length * 8; bit++)
        {
            var damaged = segment.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Put(damaged);

            await using var spool = await OpenAsync();
            var entries = ReadAll(spool);
            CompleteAll(spool, entries);
            var isRight = entries.Select(Text).SequenceEqual(_texts.Where((_, index) => index != EntryAt(bit / 8)))
                && spool.Damages == 1 && spool.Count == 0
                && (await File.ReadAllBytesAsync(Directory.EnumerateFiles(Folder, "*.damaged").Single())).SequenceEqual(damaged)
                && new FileInfo(Segments().Single()).Length == SegmentHeader.Size;
            if (!isRight)
            {
                wrong.Add(bit);
            }
        }

        Assert.That(wrong, Is.Empty);
        Assert.That(Log.Lines, Has.Some.StartsWith("Error:").And.Some.StartsWith("Warning: All readable entries"));
    }

    [Test]
    public async Task Damage_that_comes_while_the_spool_is_open_is_found_when_it_is_read()
    {
        await using var spool = await OpenAsync(Options with { CacheBytes = 0 });
        await AppendAllAsync(spool, _texts);
        var bytes = await File.ReadAllBytesAsync(Segments().Single());
        for (var index = SegmentHeader.Size + EntryHeader.Size; index < bytes.Length; index++)
        {
            if (EntryAt(index) == 1)
            {
                bytes[index]++;
            }
        }

        await using (var file = new FileStream(Segments().Single(), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Write(bytes);
        }

        var entries = ReadAll(spool);
        Assert.Multiple(() =>
        {
            Assert.That(entries.Select(Text), Is.EqualTo((string[])[_texts[0], _texts[2]]));
            Assert.That(spool.Damages, Is.EqualTo(1));
            Assert.That(spool.Count, Is.EqualTo(2));
        });
        CompleteAll(spool, entries);
        Assert.That(Directory.EnumerateFiles(Folder, "*.damaged"), Has.Exactly(1).Items);
        Assert.That(new FileInfo(Segments().Single()).Length, Is.EqualTo(SegmentHeader.Size));
        await AppendAsync(spool, "next");
        Assert.That(Texts(spool), Is.EqualTo((string[])["next"]));
    }

    [Test]
    public async Task A_payload_that_imitates_an_entry_is_none_even_where_its_own_entry_is_damaged()
    {
        // Someone knows the format, but not the marker.
        var imitation = new byte[EntryHeader.Size + 4];
        new EntryHeader(12345, 2, 0, 4, 1, Crc32C.Of("evil"u8)).Write(imitation);
        "evil"u8.CopyTo(imitation.AsSpan(EntryHeader.Size));
        await using (var spool = await OpenAsync())
        {
            await AppendAsync(spool, "one");
            await spool.AppendAsync(1, imitation);
            await AppendAsync(spool, "three");
        }

        var segment = await File.ReadAllBytesAsync(Segments().Single());
        segment[SegmentHeader.Size + EntryHeader.Size + "one".Length]++;
        Put(segment);
        await using var again = await OpenAsync();

        Assert.That(Texts(again), Is.EqualTo((string[])["one", "three"]));
    }

    [Test]
    public async Task Without_the_beginning_of_a_file_the_rest_is_found()
    {
        var segment = await SegmentOfAsync(_texts);
        segment.AsSpan(0, SegmentHeader.Size + EntryHeader.Size).Clear();
        Put(segment);
        await using var spool = await OpenAsync();

        Assert.That(Texts(spool), Is.EqualTo(_texts[1..]));
        Assert.That(spool.Damages, Is.EqualTo(2));
    }

    [Test]
    public async Task A_file_full_of_zeros_is_put_aside()
    {
        await SegmentOfAsync();
        Put(new byte[5_000_000]);
        await using var spool = await OpenAsync();

        Assert.Multiple(() =>
        {
            Assert.That(ReadAll(spool), Is.Empty);
            Assert.That(spool.Damages, Is.EqualTo(2));
            Assert.That(Directory.EnumerateFiles(Folder, "*.damaged"), Has.Exactly(1).Items);
        });
    }

    [Test]
    public async Task Damage_of_what_is_done_needs_no_words()
    {
        await using (var spool = await OpenAsync())
        {
            await AppendAllAsync(spool, _texts);
            spool.Complete([1, 2]);
        }

        var path = Segments().Single();
        var segment = await File.ReadAllBytesAsync(path);
        segment[SegmentHeader.Size + EntryHeader.Size]++;
        await File.WriteAllBytesAsync(path, segment);
        await using var again = await OpenAsync();

        Assert.That(Texts(again), Is.EqualTo(_texts[2..]));
        Assert.That(again.Damages, Is.Zero);
    }

    [Test]
    public async Task A_checkpoint_of_which_half_is_damaged_is_older_and_one_of_nonsense_is_none()
    {
        await using (var spool = await OpenAsync())
        {
            await AppendAllAsync(spool, _texts);
            spool.Complete(1);
            spool.Complete(2);
        }

        var path = Path.Combine(Folder, "checkpoint");
        var whole = await File.ReadAllBytesAsync(path);
        var found = new List<int>();
        for (var length = 0; length <= whole.Length; length += 16)
        {
            await File.WriteAllBytesAsync(path, whole.AsMemory(0, length));
            await using var again = await OpenAsync();
            found.Add(ReadAll(again).Count);
        }

        await File.WriteAllBytesAsync(path, [.. Enumerable.Repeat((byte)77, 1_000)]);
        await using var last = await OpenAsync();
        Assert.That(found, Is.EquivalentTo((int[])[3, 2, 1]).Or.EqualTo((int[])[3, 1, 1]));
        Assert.That(Texts(last), Is.EqualTo(_texts));
    }

    [Test]
    public async Task A_newer_version_is_refused_and_left_as_it_is()
    {
        var segment = await SegmentOfAsync(_texts);
        new SegmentHeader(2, BinaryPrimitives.ReadUInt64LittleEndian(segment.AsSpan(12)), 1).Write(segment);
        Put(segment);

        Assert.That(
            async () => await OpenAsync(),
            Throws.InstanceOf<NexusDataException>().With.Message.Contain("version 2")
                .And.Property("Kind").EqualTo(NexusDataErrorKind.Conflict));
        Assert.That(await File.ReadAllBytesAsync(Segments().Single()), Is.EqualTo(segment));
    }

    [Test]
    public async Task Files_of_other_names_are_left_alone()
    {
        var segment = await SegmentOfAsync(_texts);
        string[] others = ["1.spool", "000000000000000x.spool", "notes.txt", "0000000000000001.spool.damaged"];
        foreach (var name in others)
        {
            await File.WriteAllBytesAsync(Path.Combine(Folder, name), segment);
        }

        await using var spool = await OpenAsync();
        CompleteAll(spool, ReadAll(spool));

        Assert.Multiple(() =>
        {
            Assert.That(spool.Count, Is.Zero);
            Assert.That(others.Select(name => File.ReadAllBytes(Path.Combine(Folder, name))), Is.All.EqualTo(segment));
        });
    }

    // The entry that a byte of the segment belongs to; -1 for the file's header.
    private static int EntryAt(int index)
    {
        var end = SegmentHeader.Size;
        var entry = -1;
        while (index >= end)
        {
            end += EntryHeader.Size + _texts[++entry].Length;
        }

        return entry;
    }
}
