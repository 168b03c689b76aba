using System.Globalization;
using System.Text;
using Nexus.Data.Recording.Spooling;

namespace Nexus.Data.Tests.Recording.Spooling;

public sealed class SpoolTests : SpoolTest
{
    private const int Overhead = EntryHeader.Size;

    [Test]
    public async Task What_was_appended_is_read_in_order_with_all_that_belongs_to_it()
    {
        var clock = new Clock();
        await using var spool = await OpenAsync(time: clock);
        var attachment = new object();

        var first = await spool.AppendAsync(7, "one"u8.ToArray(), attachment);
        clock.Now += TimeSpan.FromMinutes(1);
        var second = await spool.AppendAsync(0, ReadOnlyMemory<byte>.Empty);
        var entries = ReadAll(spool);

        Assert.Multiple(() =>
        {
            Assert.That(entries.Select(entry => entry.Sequence), Is.EqualTo((long[])[first, second]));
            Assert.That(entries.Select(entry => entry.Kind), Is.EqualTo((byte[])[7, 0]));
            Assert.That(entries.Select(Text), Is.EqualTo((string[])["one", ""]));
            Assert.That(entries.Select(entry => entry.Attachment), Is.EqualTo((object?[])[attachment, null]));
            Assert.That(entries[1].AppendedAt - entries[0].AppendedAt, Is.EqualTo(TimeSpan.FromMinutes(1)));
        });
    }

    [Test]
    public async Task What_is_not_done_is_read_again_after_a_restart_and_what_is_done_is_not()
    {
        var clock = new Clock();
        await using (var spool = await OpenAsync(time: clock))
        {
            await AppendAllAsync(spool, "one", "two", "three", "four");
            var entries = ReadAll(spool);
            spool.Complete([entries[0].Sequence, entries[2].Sequence]);
        }

        await using var again = await OpenAsync(time: clock);
        var found = ReadAll(again);
        var next = await again.AppendAsync(1, "five"u8.ToArray());

        Assert.Multiple(() =>
        {
            // How far all is done is noted; of what is done beyond that, nothing.
            Assert.That(found.Select(Text), Is.EqualTo((string[])["two", "three", "four"]));
            Assert.That(found[0].AppendedAt, Is.EqualTo(clock.Now));
            Assert.That(found[0].Kind, Is.EqualTo(1));
            Assert.That(next, Is.EqualTo(found[^1].Sequence + 1));
            Assert.That(again.Damages, Is.Zero);
        });
    }

    [Test]
    public async Task Without_the_checkpoint_all_of_a_segment_is_read_again()
    {
        await using (var spool = await OpenAsync())
        {
            await AppendAllAsync(spool, "one", "two");
            spool.Complete(ReadAll(spool)[0].Sequence);
        }

        File.Delete(Path.Combine(Folder, "checkpoint"));
        await using var again = await OpenAsync();

        Assert.That(Texts(again), Is.EqualTo((string[])["one", "two"]));
    }

    [Test]
    public async Task At_rest_the_folder_holds_no_payload_and_the_next_sequence_is_remembered()
    {
        var last = 0L;
        await using (var spool = await OpenAsync(Options with { SegmentBytes = 100 }))
        {
            for (var round = 0; round < 3; round++)
            {
                await AppendAllAsync(spool, "secret one", "secret two", "secret three");
                var entries = ReadAll(spool);
                last = entries[^1].Sequence;
                CompleteAll(spool, entries.AsEnumerable().Reverse());
                AssertAtRest(spool);
            }
        }

        File.Delete(Path.Combine(Folder, "checkpoint"));
        await using var again = await OpenAsync();
        AssertAtRest(again);
        Assert.That(await AppendAsync(again, "next"), Is.EqualTo(last + 1));

        void AssertAtRest(Spool spool)
        {
            Assert.Multiple(() =>
            {
                Assert.That(spool.Count, Is.Zero);
                Assert.That(spool.Bytes, Is.EqualTo(SegmentHeader.Size));
                Assert.That(spool.OldestAge, Is.Null);
                Assert.That(new FileInfo(Segments().Single()).Length, Is.EqualTo(SegmentHeader.Size));
                foreach (var file in Directory.EnumerateFiles(Folder).Where(file => !file.EndsWith("lock", StringComparison.Ordinal)))
                {
                    Assert.That(Encoding.UTF8.GetString(ReadShared(file)), Does.Not.Contain("secret"));
                }
            });
        }
    }

    [Test]
    public async Task A_backlog_that_was_left_and_is_done_leaves_nothing_either()
    {
        await using (var spool = await OpenAsync(Options with { SegmentBytes = 100 }))
        {
            await AppendAllAsync(spool, "one", "two", "three", "four", "five");
        }

        Assert.That(Segments(), Has.Count.GreaterThan(2));
        await using (var again = await OpenAsync())
        {
            CompleteAll(again, ReadAll(again));
            Assert.That(new FileInfo(Segments().Single()).Length, Is.EqualTo(SegmentHeader.Size));
        }
    }

    [Test]
    public async Task Segments_are_deleted_as_soon_as_all_in_them_is_done_in_whatever_order()
    {
        await using var spool = await OpenAsync(Options with { SegmentBytes = SegmentHeader.Size + (2 * (Overhead + 1)) });
        await AppendAllAsync(spool, "a", "b", "c", "d", "e", "f", "g");
        var entries = ReadAll(spool);
        var files = Segments();

        Assert.That(files, Has.Count.EqualTo(4));
        CompleteAll(spool, entries[2..5]);
        Assert.That(Segments(), Is.EqualTo(files.Where((_, index) => index != 1)));
        spool.Complete(entries[5].Sequence);
        Assert.That(Segments(), Is.EqualTo((string[])[files[0], files[3]]));
        CompleteAll(spool, entries[..2]);
        Assert.That(Segments(), Is.EqualTo((string[])[files[3]]));
        Assert.That(spool.Count, Is.EqualTo(1));
        CompleteAll(spool, entries);
        Assert.That(spool.Count, Is.Zero);
    }

    [Test]
    public async Task What_was_done_unread_is_not_read()
    {
        await using var spool = await OpenAsync(Options with { CacheBytes = 0 });
        await AppendAllAsync(spool, "one", "two", "three", "four");
        spool.Complete([2, 3]);

        Assert.That(Texts(spool), Is.EqualTo((string[])["one", "four"]));
    }

    [Test]
    public async Task What_was_never_appended_cannot_be_done_and_nothing_beside_it_is()
    {
        await using var spool = await OpenAsync();
        var sequence = await AppendAsync(spool, "one");

        Assert.That(() => spool.Complete([sequence, sequence + 1]), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(spool.Count, Is.EqualTo(1));
    }

    [TestCase(0)]
    [TestCase(1_000)]
    [TestCase(30_000)]
    public async Task A_backlog_larger_than_the_cache_comes_from_the_disk_in_order(int cacheBytes)
    {
        var options = Options with { CacheBytes = cacheBytes, SegmentBytes = 20_000 };
        await using var spool = await OpenAsync(options);
        var texts = Enumerable.Range(0, 500).Select(number => $"{number} {new string('x', number * 7 % 997)}").ToList();
        var attachments = 0;
        var read = new List<string>();

        for (var start = 0; start < texts.Count; start += 100)
        {
            foreach (var text in texts.Skip(start).Take(100))
            {
                await spool.AppendAsync(1, Encoding.UTF8.GetBytes(text), text);
            }

            // Memory and disk in turns: the reader is slower than the writer.
            for (var count = 0; count < 60 && spool.TryRead(out var entry); count++)
            {
                read.Add(Text(entry));
                attachments += entry.Attachment is string text && text == read[^1] ? 1 : 0;
                spool.Complete(entry.Sequence);
            }
        }

        read.AddRange(Texts(spool));
        Assert.Multiple(() =>
        {
            Assert.That(read, Is.EqualTo(texts));
            Assert.That(attachments, cacheBytes == 0 ? Is.Zero : Is.InRange(1, texts.Count - 1));
            Assert.That(spool.Damages, Is.Zero);
        });
    }

    [Test]
    public async Task A_payload_longer_than_a_segment_and_than_the_buffer_comes_back_whole()
    {
        var payload = new byte[3_000_000];
        new Random(1).NextBytes(payload);
        await using (var spool = await OpenAsync(Options with { SegmentBytes = 1_000 }))
        {
            await AppendAsync(spool, "before");
            await spool.AppendAsync(2, payload);
            await AppendAsync(spool, "after");
        }

        await using var again = await OpenAsync();
        var entries = ReadAll(again);
        Assert.That(entries.Select(entry => entry.Payload.Length), Is.EqualTo((int[])[6, payload.Length, 5]));
        Assert.That(entries[1].Payload.Span.SequenceEqual(payload));
    }

    [Test]
    public async Task The_callers_buffer_is_the_callers_again_after_the_append()
    {
        await using var spool = await OpenAsync();
        var buffer = "mine"u8.ToArray();
        await spool.AppendAsync(1, buffer);
        buffer.AsSpan().Clear();

        Assert.That(Texts(spool), Is.EqualTo((string[])["mine"]));
    }

    [Test]
    public async Task A_reader_waits_for_what_comes()
    {
        await using var spool = await OpenAsync();
        var reading = spool.ReadAsync().AsTask();
        await Task.Delay(20);
        Assert.That(reading.IsCompleted, Is.False);

        await AppendAsync(spool, "one");

        Assert.That(Text(await reading.WaitAsync(Patience)), Is.EqualTo("one"));
    }

    [Test]
    public async Task A_waiting_reader_can_be_called_off_and_ends_with_the_spool()
    {
        var spool = await OpenAsync();
        using var source = new CancellationTokenSource();
        var calledOff = spool.ReadAsync(source.Token).AsTask();
        var waiting = spool.WaitToReadAsync().AsTask();
        var reading = spool.ReadAsync().AsTask();
        await source.CancelAsync();
        Assert.That(async () => await calledOff.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());

        await spool.DisposeAsync();

        Assert.That(await waiting.WaitAsync(Patience), Is.False);
        Assert.That(async () => await reading.WaitAsync(Patience), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task A_full_spool_has_appends_wait_in_their_order_until_there_is_room()
    {
        var options = Options with { MaxBytes = 1_000, SegmentBytes = 200 };
        await using var spool = await OpenAsync(options);
        var payload = new string('x', 100);
        while (spool.TryAppend(1, Encoding.UTF8.GetBytes(payload), null, out var sequence))
        {
            await sequence;
        }

        var count = spool.Count;
        var waiting = new List<Task<long>>();
        foreach (var text in (string[])[new string('y', 500), "z"])
        {
            waiting.Add(AppendAsync(spool, text).AsTask());
        }

        Assert.Multiple(() =>
        {
            Assert.That(count, Is.EqualTo(5));
            Assert.That(spool.Bytes, Is.LessThanOrEqualTo(1_000));

            // The second would fit, and lets the first go before.
            Assert.That(waiting.Any(task => task.IsCompleted), Is.False);
            Assert.That(spool.TryAppend(1, "z"u8.ToArray(), null, out _), Is.False);
        });

        CompleteAll(spool, ReadAll(spool));
        var sequences = await Task.WhenAll(waiting).WaitAsync(Patience);
        Assert.That(sequences, Is.Ordered);
        Assert.That(ReadAll(spool).Select(entry => entry.Payload.Length), Is.EqualTo((int[])[500, 1]));
    }

    [Test]
    public async Task Who_waits_for_room_can_be_called_off_and_lets_others_by()
    {
        await using var spool = await OpenAsync(Options with { MaxBytes = 1_000 });
        await AppendAsync(spool, new string('x', 700));
        using var source = new CancellationTokenSource();
        var longer = AppendAsync(spool, new string('y', 700), source.Token).AsTask();
        var shorter = AppendAsync(spool, "z").AsTask();

        await source.CancelAsync();

        Assert.That(async () => await longer.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
        await shorter.WaitAsync(Patience);
        Assert.That(Texts(spool).Select(text => text[0]), Is.EqualTo("xz"));
    }

    [Test]
    public async Task Who_waits_for_room_when_the_spool_ends_is_told()
    {
        var spool = await OpenAsync(Options with { MaxBytes = 1_000 });
        await AppendAsync(spool, new string('x', 700));
        var waiting = AppendAsync(spool, new string('y', 700)).AsTask();

        await spool.DisposeAsync();

        Assert.That(async () => await waiting.WaitAsync(Patience), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task What_is_longer_than_the_spool_is_refused()
    {
        await using var spool = await OpenAsync(Options with { MaxBytes = 1_000 });
        var longest = 1_000 - (2 * SegmentHeader.Size) - Overhead;

        Assert.That(
            async () => await AppendAsync(spool, new string('x', longest + 1)),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Validation));
        Assert.That(
            () => spool.TryAppend(1, new byte[longest + 1], null, out _), Throws.InstanceOf<NexusDataException>());

        // Also where something was there before it.
        await AppendAsync(spool, "one");
        CompleteAll(spool, ReadAll(spool));
        await AppendAsync(spool, new string('x', longest)).AsTask().WaitAsync(Patience);
    }

    [Test]
    public async Task Depth_bytes_and_age_are_told()
    {
        var clock = new Clock();
        await using var spool = await OpenAsync(time: clock);
        for (var minute = 0; minute < 3; minute++)
        {
            await AppendAsync(spool, "12345");
            clock.Now += TimeSpan.FromMinutes(1);
        }

        Assert.Multiple(() =>
        {
            Assert.That(spool.Count, Is.EqualTo(3));
            Assert.That(spool.Bytes, Is.EqualTo(SegmentHeader.Size + (3 * (Overhead + 5))));
            Assert.That(spool.OldestAge, Is.EqualTo(TimeSpan.FromMinutes(3)));
        });
        spool.Complete([1, 3]);
        Assert.That(spool.OldestAge, Is.EqualTo(TimeSpan.FromMinutes(2)));
        Assert.That(spool.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task After_the_end_nothing_is_appended_read_or_completed()
    {
        var spool = await OpenAsync();
        await AppendAsync(spool, "one");
        await spool.DisposeAsync();
        await spool.DisposeAsync();

        Assert.Multiple(() =>
        {
            Assert.That(async () => await AppendAsync(spool, "two"), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => spool.TryAppend(1, default, null, out _), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => spool.TryRead(out _), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => spool.Complete(1), Throws.InstanceOf<ObjectDisposedException>());
        });
    }

    [TestCase(false)]
    [TestCase(true)]
    [Category("Load")]
    public async Task Sixteen_who_append_and_one_who_reads_lose_and_double_nothing(bool flushToDisk)
    {
        const int writers = 16;
        const int each = 1_250;
        await using var spool = await OpenAsync(
            Options with { CacheBytes = 200_000, SegmentBytes = 100_000, MaxBytes = 1_000_000, FlushToDisk = flushToDisk });

        var appending = Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var sequences = new List<long>();
            for (var number = 0; number < each; number++)
            {
                sequences.Add(await AppendAsync(spool, $"{writer}/{number}/{new string('x', number % 300)}"));
            }

            return sequences;
        })));
        var entries = new List<(long Sequence, string Text)>();
        var random = new Random(1);
        var batch = new List<long>();
        while (entries.Count < writers * each)
        {
            var entry = await spool.ReadAsync().AsTask().WaitAsync(Patience);
            entries.Add((entry.Sequence, Text(entry)));
            batch.Add(entry.Sequence);
            if (batch.Count > random.Next(200) || entries.Count == writers * each || spool.Count == batch.Count)
            {
                spool.Complete([.. batch.OrderBy(_ => random.Next())]);
                batch.Clear();
            }
        }

        var sequences = await appending;
        Assert.Multiple(() =>
        {
            Assert.That(entries.Select(entry => entry.Sequence), Is.EqualTo(Enumerable.Range(1, writers * each)));
            for (var writer = 0; writer < writers; writer++)
            {
                var own = entries.Where(entry => entry.Text.StartsWith($"{writer}/", StringComparison.Ordinal)).ToList();
                Assert.That(own.Select(entry => entry.Sequence), Is.EqualTo(sequences[writer]));
                Assert.That(own.Select(entry => int.Parse(entry.Text.Split('/')[1], CultureInfo.InvariantCulture)), Is.EqualTo(Enumerable.Range(0, each)));
            }

            Assert.That(spool.Count, Is.Zero);
            Assert.That(spool.Damages, Is.Zero);
            Assert.That(new FileInfo(Segments().Single()).Length, Is.EqualTo(SegmentHeader.Size));
        });
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
