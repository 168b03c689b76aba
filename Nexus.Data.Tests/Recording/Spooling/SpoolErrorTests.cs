using Nexus.Data.Recording.Spooling;

namespace Nexus.Data.Tests.Recording.Spooling;

/// <summary>What a spool does when the operating system does not do what it asks.</summary>
public sealed class SpoolErrorTests : SpoolTest
{
    private readonly Disk _disk = new();

    [TestCase(false, false)]
    [TestCase(false, true)]
    [TestCase(true, false)]
    [TestCase(true, true)]
    public async Task A_full_disk_refuses_an_entry_whole_and_takes_the_next_one_that_fits(bool refusesCuts, bool flushToDisk)
    {
        _disk.RefusesCuts = refusesCuts;
        await using (var spool = await OpenAsync(FailingOptions with { FlushToDisk = flushToDisk }))
        {
            await AppendAsync(spool, "one");
            _disk.Room = 100;
            var length = new FileInfo(Segments().Single()).Length;
            await ThrowsUnavailableAsync(spool, new string('x', 100));
            Assert.That(new FileInfo(Segments()[0]).Length, refusesCuts ? Is.GreaterThan(length) : Is.EqualTo(length));
            await ThrowsUnavailableAsync(spool, new string('x', 100));
            _disk.Room = 10_000;
            await AppendAllAsync(spool, "two", "three");
            Assert.That(Texts(spool), Is.EqualTo((string[])["one", "two", "three"]));
            Assert.That(spool.Damages, Is.Zero);
        }

        await using var again = await OpenAsync();
        Assert.That(Texts(again), Is.EqualTo((string[])["one", "two", "three"]));
        Assert.That(again.Damages, Is.EqualTo(refusesCuts ? 1 : 0));
        Assert.That(Log.Lines, Has.Some.Contain("could not be written to"));
    }

    [Test]
    public async Task A_disk_without_room_for_a_new_segment_refuses_too_and_leaves_no_file()
    {
        await using var spool = await OpenAsync(FailingOptions with { SegmentBytes = 1 });
        await AppendAsync(spool, "one");
        _disk.Room = 5;
        await ThrowsUnavailableAsync(spool, "two");
        Assert.That(Segments(), Has.Count.EqualTo(1));

        _disk.Room = 1_000;
        await AppendAsync(spool, "three");
        Assert.That(Texts(spool), Is.EqualTo((string[])["one", "three"]));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task What_does_not_reach_the_disk_is_refused_and_never_read(bool refusesCuts)
    {
        await using (var spool = await OpenAsync(FailingOptions with { FlushToDisk = true }))
        {
            await AppendAsync(spool, "one");
            (_disk.RefusesFlushes, _disk.RefusesCuts) = (true, refusesCuts);
            await ThrowsUnavailableAsync(spool, "two");
            _disk.RefusesFlushes = false;
            await AppendAllAsync(spool, "three");
            Assert.That(Texts(spool), Is.EqualTo((string[])["one", "three"]));
        }

        // What could be cut off neither, is there after a restart; but not in the place of another.
        await using var again = await OpenAsync();
        Assert.That(Texts(again), Is.EqualTo((string[])(refusesCuts ? ["one", "two", "three"] : ["one", "three"])));
        Assert.That(again.Damages, Is.Zero);
    }

    [Test]
    public async Task A_spool_that_cannot_be_emptied_at_rest_goes_on_and_is_emptied_at_the_next()
    {
        await using var spool = await OpenAsync(FailingOptions);
        await AppendAsync(spool, "one");
        _disk.RefusesCuts = true;
        CompleteAll(spool, ReadAll(spool));
        Assert.That(new FileInfo(Segments().Single()).Length, Is.GreaterThan(SegmentHeader.Size));

        _disk.RefusesCuts = false;
        await AppendAsync(spool, "two");
        CompleteAll(spool, ReadAll(spool));
        Assert.That(new FileInfo(Segments().Single()).Length, Is.EqualTo(SegmentHeader.Size));
    }

    [Test]
    public async Task A_backlog_on_a_full_disk_can_be_read_and_gives_the_room_back()
    {
        await using (var spool = await OpenAsync())
        {
            await AppendAllAsync(spool, "one", "two");
        }

        _disk.Room = 0;
        await using var again = await OpenAsync(FailingOptions);
        var entries = ReadAll(again);
        CompleteAll(again, entries);
        Assert.That(entries.Select(Text), Is.EqualTo((string[])["one", "two"]));
        Assert.That(Segments(), Is.Empty);

        _disk.Room = 1_000;
        Assert.That(await AppendAsync(again, "three"), Is.EqualTo(3));
    }

    [Test]
    public async Task A_folder_that_is_deleted_refuses_what_comes_and_says_so()
    {
        await using var spool = await OpenAsync();
        await AppendAsync(spool, "one");
        Directory.Delete(Folder, recursive: true);

        await ThrowsUnavailableAsync(spool, "two");
        await ThrowsUnavailableAsync(spool, "three");

        // Another could have it by now, so it is none of ours even if it is there again.
        Directory.CreateDirectory(Folder);
        await ThrowsUnavailableAsync(spool, "four");
        Assert.That(Texts(spool), Is.EqualTo((string[])["one"]));
    }

    [Test]
    public async Task A_segment_that_is_deleted_is_followed_by_another()
    {
        await using var spool = await OpenAsync();
        await AppendAsync(spool, "one");
        File.Delete(Segments().Single());

        await ThrowsUnavailableAsync(spool, "two");
        await AppendAsync(spool, "three");
        Assert.That(Texts(spool), Is.EqualTo((string[])["one", "three"]));
    }

    [Test]
    public async Task An_entry_that_cannot_be_read_now_is_read_later()
    {
        await using var spool = await OpenAsync(Options with { CacheBytes = 0 });
        await AppendAsync(spool, "one");
        var path = Segments().Single();
        File.Move(path, path + "x");

        Assert.That(() => spool.TryRead(out _), Throws.InstanceOf<NexusDataException>().With.Message.Contain(Folder));
        File.Move(path + "x", path);
        Assert.That(Texts(spool), Is.EqualTo((string[])["one"]));
    }

    [Test]
    public async Task A_second_opener_is_refused_until_the_first_has_gone()
    {
        await using (var spool = await OpenAsync())
        {
            Assert.That(
                async () => await OpenAsync(),
                Throws.InstanceOf<NexusDataException>().With.Message.Contain(Folder).And.Message.Contain("Another process")
                    .And.Property("Kind").EqualTo(NexusDataErrorKind.Unavailable));
        }

        await using var again = await OpenAsync();
    }

    [Test]
    public async Task A_folder_that_cannot_be_made_is_named()
    {
        await File.WriteAllTextAsync(Folder, "a file");
        try
        {
            Assert.That(
                async () => await OpenAsync(Options with { Folder = Path.Combine(Folder, "spool") }),
                Throws.InstanceOf<NexusDataException>().With.Message.Contain(Folder)
                    .And.Property("Kind").EqualTo(NexusDataErrorKind.Unavailable));
        }
        finally
        {
            File.Delete(Folder);
        }
    }

    [Test]
    public async Task Folder_and_files_are_their_owners_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("Windows knows no such permission.");
            return;
        }

        await using var spool = await OpenAsync(Options with { SegmentBytes = 1 });
        await AppendAllAsync(spool, "one", "two");
        spool.Complete(1);

        const UnixFileMode file = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.That(File.GetUnixFileMode(Folder), Is.EqualTo(file | UnixFileMode.UserExecute));
        foreach (var path in Directory.EnumerateFiles(Folder))
        {
            Assert.That(File.GetUnixFileMode(path), Is.EqualTo(file), path);
        }
    }

    [Test]
    public void A_folder_that_others_may_write_to_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("Windows knows no such permission.");
            return;
        }

        Directory.CreateDirectory(Folder);
        foreach (var others in (UnixFileMode[])[UnixFileMode.GroupWrite, UnixFileMode.OtherWrite])
        {
            File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | others);
            Assert.That(
                async () => await OpenAsync(),
                Throws.InstanceOf<NexusDataException>().With.Message.Contain("chmod")
                    .And.Property("Kind").EqualTo(NexusDataErrorKind.Validation));
        }

        Assert.That(Directory.EnumerateFiles(Folder), Is.Empty);
    }

    private SpoolOptions FailingOptions
        => Options with { CreateFile = path => new FailingFile(SegmentFile.Create(path), _disk) };

    private async Task ThrowsUnavailableAsync(Spool spool, string text)
    {
        Assert.That(
            async () => await AppendAsync(spool, text),
            Throws.InstanceOf<NexusDataException>().With.Message.Contain(Folder)
                .And.Property("Kind").EqualTo(NexusDataErrorKind.Unavailable));
        await Task.CompletedTask;
    }

    private sealed class Disk
    {
        public long Room { get; set; } = 1_000_000;

        public bool RefusesCuts { get; set; }

        public bool RefusesFlushes { get; set; }
    }

    // Takes as much as there is room for before it fails, as a real disk does.
    private sealed class FailingFile(ISegmentFile file, Disk disk) : ISegmentFile
    {
        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            var taken = bytes[..(int)Math.Min(bytes.Length, disk.Room)];
            file.Write(taken, offset);
            disk.Room -= taken.Length;
            if (taken.Length < bytes.Length)
            {
                throw new IOException("No space left on device");
            }
        }

        public void Truncate(long length)
        {
            if (disk.RefusesCuts)
            {
                throw new IOException("Input/output error");
            }

            file.Truncate(length);
        }

        public void Flush()
        {
            if (disk.RefusesFlushes)
            {
                throw new IOException("Input/output error");
            }

            file.Flush();
        }

        public void Dispose() => file.Dispose();
    }
}
