using System.Text;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Recording;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Recording;

public sealed class RequestImporterTests : DatabaseTest
{
    [TestCase(1)]
    [TestCase(7)]
    [TestCase(500)]
    public async Task The_golden_log_imported_gives_the_expected_links(int batch)
    {
        await using var log = File.OpenRead(GoldenLog.PathOf("request-log.jsonl"));

        var report = await ImportAsync(log, new() { BatchSize = batch });

        await using var db = Server.Open(ConnectionString);
        await GoldenLog.AssertLinksAsync(db);
        Assert.That(report, Is.EqualTo(new ImportReport(125, 125, 0, 0, 1, 0)));
    }

    [Test]
    public async Task Imported_twice_nothing_is_written_the_second_time()
    {
        await ImportGoldenAsync();
        var before = await VersionsAsync();

        var report = await ImportGoldenAsync();

        await using var db = Server.Open(ConnectionString);
        await GoldenLog.AssertLinksAsync(db);
        Assert.Multiple(async () =>
        {
            Assert.That(report, Is.EqualTo(new ImportReport(125, 0, 125, 0, 0, 0)));
            Assert.That(await VersionsAsync(), Is.EqualTo(before));
        });
    }

    [Test]
    public async Task Exported_and_imported_elsewhere_the_log_gives_the_expected_links_and_hashes()
    {
        await ImportGoldenAsync();
        await using var exported = new MemoryStream();
        var log = await new RequestExporter(new Contexts(ConnectionString)).ExportAsync(exported);
        var elsewhere = await Server.CloneAsync();

        exported.Position = 0;
        var report = await new RequestImporter(new Contexts(elsewhere)).ImportAsync(exported);

        await using (var db = Server.Open(elsewhere))
        {
            await GoldenLog.AssertLinksAsync(db);
        }

        await Server.DropAsync(elsewhere);
        Assert.That((log.Requests, report.Stored, report.Rejected), Is.EqualTo((125L, 125L, 0L)));
    }

    [Test]
    public async Task The_same_identifier_with_other_content_is_refused_and_changes_nothing()
    {
        await ImportGoldenAsync();
        var line = Encoding.UTF8.GetString(GoldenLog.Lines[0]).Replace("Lisbon", "Madrid", StringComparison.Ordinal);
        var before = await VersionsAsync();

        var (report, rejected) = await ImportLinesAsync(line);

        Assert.Multiple(async () =>
        {
            Assert.That((report.Stored, report.Rejected), Is.EqualTo((0L, 1L)));
            Assert.That(rejected.Single(), Is.EqualTo(new RejectedLine(1, "The request is stored already with other content.")));
            Assert.That(await VersionsAsync(), Is.EqualTo(before));
        });
    }

    [Test]
    public async Task The_same_line_twice_in_one_log_is_stored_once()
    {
        var line = Encoding.UTF8.GetString(GoldenLog.Lines[0]);

        var (report, _) = await ImportLinesAsync(line, line);

        Assert.That((report.Lines, report.Stored, report.Known), Is.EqualTo((2L, 1L, 1L)));
    }

    [Test]
    public async Task Rejects_name_their_lines_and_can_be_imported_once_mended()
    {
        using var rejects = new MemoryStream();
        var good = Encoding.UTF8.GetString(GoldenLog.Lines[0]);
        var bad = Encoding.UTF8.GetString(GoldenLog.Lines[1]).Replace("2025-09-01T08:01:00Z", "2025-09-01T08:01:00", StringComparison.Ordinal);
        using var log = new MemoryStream(Encoding.UTF8.GetBytes($"\uFEFF{good}\r\n\r\n# a comment\n{bad}"));

        var report = await ImportAsync(log, new() { Rejects = rejects });

        var text = Encoding.UTF8.GetString(rejects.ToArray());
        using var mended = new MemoryStream(Encoding.UTF8.GetBytes(
            text.Replace("\"2025-09-01T08:01:00\"", "\"2025-09-01T08:01:00Z\"", StringComparison.Ordinal)));
        var second = await ImportAsync(mended, new());
        Assert.Multiple(() =>
        {
            Assert.That((report.Lines, report.Stored, report.Rejected), Is.EqualTo((2L, 1L, 1L)));
            Assert.That(text, Does.StartWith("# line 4: timestamp has no zone"));
            Assert.That((second.Lines, second.Stored, second.Rejected), Is.EqualTo((1L, 1L, 0L)));
        });
    }

    [Test]
    [Category("Crash")]
    public async Task Killed_at_any_moment_and_started_again_every_request_is_there_once_with_the_links_of_an_import_in_peace()
    {
        var path = Path.GetTempFileName();
        try
        {
            var count = TestScale.Of(1_500, 20_000);
            await using (var log = File.Create(path))
            {
                new RequestTraffic(new() { Seed = 3, BodyBytes = 3_000 }).ToLines(count, log);
            }

            var random = new Random(3);
            for (var kill = 0; kill < TestScale.Of(2, 20); kill++)
            {
                await RunAndKillAsync(path, atCount: random.Next(1, count));
            }

            await using var again = File.OpenRead(path);
            var report = await ImportAsync(again, new());
            var peaceful = await Server.CloneAsync();
            await using (var log = File.OpenRead(path))
            {
                await new RequestImporter(new Contexts(peaceful)).ImportAsync(log);
            }

            var (actual, expected) = (await LinksAsync(ConnectionString), await LinksAsync(peaceful));
            await Server.DropAsync(peaceful);
            Assert.Multiple(() =>
            {
                Assert.That(report.Stored + report.Known, Is.EqualTo(count));
                Assert.That(report.Known, Is.GreaterThan(0));
                Assert.That(actual, Has.Count.EqualTo(count));
                Assert.That(actual, Is.EqualTo(expected));
            });
        }
        finally
        {
            File.Delete(path);
        }
    }

    // The tool in a process of its own, killed as soon as more than so many requests are committed.
    private async Task RunAndKillAsync(string path, int atCount)
    {
        var start = new System.Diagnostics.ProcessStartInfo(
            Environment.ProcessPath!,
            ["exec", InTests("nexus-data.dll"), "import", path, "--connection", ConnectionString])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = System.Diagnostics.Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await using var db = Server.Open(ConnectionString);
        while (!process.HasExited && await db.Requests.CountAsync() < atCount)
        {
            await Task.Delay(5);
        }

        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.EqualTo(137).Or.Zero, $"{await output}{await error}");

        static string InTests(string file) => Path.Combine(TestContext.CurrentContext.TestDirectory, file);
    }

    private static async Task<List<string>> LinksAsync(string connectionString)
    {
        await using var db = Server.Open(connectionString);
        var rows = await db.Requests.AsNoTracking().OrderBy(row => row.RequestId).Select(row => new
        {
            row.RequestId,
            row.ConversationId,
            row.BranchId,
            row.ParentRequestId,
            row.LinkKind,
            row.LinkDistance,
            row.RetryOfRequestId,
            row.ParentTaskRequestId,
            row.IsSubtask,
            row.UnlinkedBecause,
        }).ToListAsync();
        return [.. rows.Select(row => row.ToString()!)];
    }

    private Task<ImportReport> ImportAsync(Stream log, ImportOptions options)
        => new RequestImporter(new Contexts(ConnectionString)).ImportAsync(log, options);

    private async Task<ImportReport> ImportGoldenAsync()
    {
        await using var log = File.OpenRead(GoldenLog.PathOf("request-log.jsonl"));
        return await ImportAsync(log, new());
    }

    private async Task<(ImportReport Report, List<RejectedLine> Rejected)> ImportLinesAsync(params string[] lines)
    {
        var rejected = new List<RejectedLine>();
        using var log = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        return (await ImportAsync(log, new() { OnRejected = rejected.Add }), rejected);
    }

    // Which transaction wrote each row last.
    private async Task<List<string>> VersionsAsync()
    {
        await using var db = Server.Open(ConnectionString);
        return await db.Database.SqlQueryRaw<string>(
            "SELECT request_id || ' ' || xmin AS \"Value\" FROM api_requests ORDER BY request_id").ToListAsync();
    }
}
