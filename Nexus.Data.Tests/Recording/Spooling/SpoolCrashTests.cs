using System.Globalization;
using System.Text;

namespace Nexus.Data.Tests.Recording.Spooling;

/// <summary>Spools of processes that end as they did not mean to.</summary>
public sealed class SpoolCrashTests : SpoolTest
{
    private const int NameLength = 32;

    [TestCase("append")]
    [TestCase("consume")]
    [Category("Crash")]
    public async Task Killed_at_any_time_a_process_loses_nothing_that_was_acknowledged(string mode)
    {
        var random = new Random(5);
        var appended = new HashSet<string>();
        var completed = new HashSet<string>();
        for (var kill = 0; kill < 4; kill++)
        {
            // The next one opens what the last one left.
            await RunAndKillAsync(mode, appended, completed, random.Next(50, 2_000));
        }

        await using var spool = await OpenAsync();
        var entries = ReadAll(spool);
        var names = entries.Select(entry => Encoding.UTF8.GetString(entry.Payload.Span[..NameLength])).ToList();
        TestContext.Progress.WriteLine($"{appended.Count} appended, {completed.Count} completed, {names.Count} found");
        Assert.Multiple(() =>
        {
            Assert.That(appended, Has.Count.GreaterThan(100));
            Assert.That(appended.Except(completed).Except(names), Is.Empty);
            Assert.That(names, Is.Unique);
            Assert.That(entries.Where((entry, index) => !entry.Payload.Span.SequenceEqual(SpoolProcess.Payload(names[index]))), Is.Empty);
            Assert.That(entries.Select(entry => entry.Sequence), Is.Ordered);
            Assert.That(spool.Damages, Is.Zero);
            Assert.That(completed, mode == "consume" ? Is.Not.Empty : Is.Empty);
        });
    }

    [Test]
    public async Task A_spool_that_another_process_has_is_refused()
    {
        using var process = SpoolProcess.Start("append", Folder);
        await process.StandardOutput.ReadLineAsync();

        Assert.That(
            async () => await OpenAsync(),
            Throws.InstanceOf<NexusDataException>().With.Message.Contain(Folder)
                .And.Property("Kind").EqualTo(NexusDataErrorKind.Unavailable));
        process.Kill();
        await process.WaitForExitAsync();
        await using var spool = await OpenAsync();
    }

    [Test]
    public async Task Where_the_system_lets_no_file_grow_further_nothing_half_written_stays_and_another_file_follows()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("Windows knows no such limit.");
        }

        using var process = SpoolProcess.Start("fill", Folder, fileBlocks: 1_000);
        var error = process.StandardError.ReadToEndAsync();
        var lines = (await process.StandardOutput.ReadToEndAsync()).Split('\n');
        await process.WaitForExitAsync().WaitAsync(Patience);

        Assert.That(process.ExitCode, Is.Zero, await error);
        await using var spool = await OpenAsync();
        var entries = ReadAll(spool);
        Assert.Multiple(() =>
        {
            Assert.That(lines[0], Does.Match(@"^\d{2,3} Unavailable .*").And.Contain(Folder));
            Assert.That(lines[1].Split(' ')[0], Is.EqualTo(lines[0].Split(' ')[0]));
            Assert.That(
                entries, Has.Count.EqualTo(2 * int.Parse(lines[0].Split(' ')[0], CultureInfo.InvariantCulture)));
            Assert.That(entries.Select(entry => entry.Payload.Length), Is.All.EqualTo(10_000));
            Assert.That(spool.Damages, Is.Zero);
        });
    }

    private async Task RunAndKillAsync(string mode, HashSet<string> appended, HashSet<string> completed, int lines)
    {
        using var process = SpoolProcess.Start(mode, Folder);
        var error = process.StandardError.ReadToEndAsync();
        for (var count = 0; await process.StandardOutput.ReadLineAsync() is { } line; count++)
        {
            if (line is [.., '.'])
            {
                (line.StartsWith("appended", StringComparison.Ordinal) ? appended : completed).Add(line[^(NameLength + 1)..^1]);
            }

            if (count == lines)
            {
                process.Kill();
            }
        }

        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.EqualTo(137), await error);
    }
}
