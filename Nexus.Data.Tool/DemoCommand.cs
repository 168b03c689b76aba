using System.CommandLine;
using System.Text.Json;
using Nexus.Data.Conversations;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data demo</c>: imports the sample request log and shows its conversations.</summary>
internal static class DemoCommand
{
    private const string Database = "nexus_demo";

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var command = new Verb("demo", "Import a sample request log and show its conversations as a tree.")
        {
            Examples =
            [
                ("demo", "On a private server, which stops when the demo ends."),
                ("demo --connection postgresql://localhost/scratch", "On a database of yours; nothing is dropped."),
            ],
        };
        command.SetAction((result, cancellationToken) => RunAsync(
            host, result.GetValue(options.Connection), result.GetValue(options.Json), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, string? connection, bool json, CancellationToken cancellationToken)
    {
        await using var target = await OpenAsync(host, connection, cancellationToken);
        await host.Error.WriteLineAsync($"Demo in {target.Place}.");
        await target.MigrateAsync(cancellationToken);

        var sample = Sample();
        var report = await target.Get<RequestImporter>()
            .ImportAsync(new MemoryStream(sample, writable: false), cancellationToken: cancellationToken);
        var conversations = await target.Get<ConversationOutlines>().OfRequestsAsync(Ids(sample), cancellationToken);

        if (json)
        {
            await JsonOutput.WriteAsync(host, new { Import = report, Conversations = conversations });
            return ExitCode.Done;
        }

        foreach (var conversation in conversations)
        {
            TreeWriter.Write(host, OutlineTree.Of(conversation));
        }

        await WriteSummaryAsync(host, report, conversations);
        await WriteNextAsync(host, target, connection, conversations);
        return ExitCode.Done;
    }

    // The only verb that heeds no variable: it adds rows that nobody wants among his own.
    private static Task<TargetDatabase> OpenAsync(
        ToolHost host, string? connection, CancellationToken cancellationToken)
        => connection is null
            ? TargetDatabase.OpenEmbeddedAsync(host, Database, anew: true, cancellationToken: cancellationToken)
            : TargetDatabase.OpenAsync(
                host, connection, ConnectionScope.Explicit, cancellationToken: cancellationToken);

    private static async Task WriteSummaryAsync(
        ToolHost host, ImportReport report, IReadOnlyList<ConversationOutline> conversations)
    {
        var branches = conversations.SelectMany(conversation => conversation.AllBranches).ToList();
        await host.Output.WriteLineAsync();
        await host.Output.WriteLineAsync(
            $"{report.Lines} requests: {conversations.Count} conversations, {branches.Count} branches, "
            + $"{branches.Count(branch => branch.IsSubtask)} of them sub-tasks; outside of all: {report.Unlinked}.");
        if (report.Known > 0)
        {
            await host.Output.WriteLineAsync($"{report.Known} of them were there already.");
        }
    }

    private static async Task WriteNextAsync(
        ToolHost host, TargetDatabase target, string? connection, IReadOnlyList<ConversationOutline> conversations)
    {
        var where = target.IsEmbedded ? $" --connection embedded:{target.Name}"
            : connection is null ? ""
            : " --connection …";
        await host.Output.WriteLineAsync();
        await host.Output.WriteLineAsync($"What to try next:");
        if (conversations.SelectMany(conversation => conversation.AllRequests)
                .FirstOrDefault(request => request.LinkKind == LinkKind.Continuation) is { } continuation)
        {
            await host.Output.WriteLineAsync($"  nexus-data explain {continuation.RequestId}{where}");
        }

        await host.Output.WriteLineAsync($"  nexus-data analyze-conversations{where}");
        await host.Output.WriteLineAsync($"  nexus-data import YOUR-LOG.jsonl");
        await host.Output.WriteLineAsync($"  nexus-data --help");
    }

    private static byte[] Sample()
    {
        using var resource = typeof(DemoCommand).Assembly.GetManifestResourceStream("request-log.jsonl")!;
        using var bytes = new MemoryStream();
        resource.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static List<Guid> Ids(byte[] log)
    {
        var ids = new List<Guid>();
        using var lines = new StreamReader(new MemoryStream(log, writable: false));
        while (lines.ReadLine() is { } line)
        {
            using var request = JsonDocument.Parse(line);
            ids.Add(request.RootElement.GetProperty("request_id").GetGuid());
        }

        return ids;
    }
}
