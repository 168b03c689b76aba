using System.CommandLine;
using System.Text.Json;
using Nexus.Data.Conversations;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;
using Spectre.Console;

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

        ConversationTree.Write(host, conversations);
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

/// <summary>Prints conversations: as a tree on a terminal, as indented lines elsewhere.</summary>
internal static class ConversationTree
{
    public static void Write(ToolHost host, IEnumerable<ConversationOutline> conversations)
    {
        var console = host.CreateConsole();
        foreach (var conversation in conversations)
        {
            if (host.IsTerminal)
            {
                var tree = new Tree($"[bold]{Title(conversation).EscapeMarkup()}[/]");
                AddBranches(tree, conversation.Branches);
                console.Write(tree);
            }
            else
            {
                host.Output.WriteLine(Title(conversation));
                WriteBranches(host.Output, conversation.Branches, "  ");
            }
        }
    }

    private static void AddBranches(IHasTreeNodes parent, IEnumerable<OutlinedBranch> branches)
    {
        foreach (var branch in branches)
        {
            var node = parent.AddNode($"[{Colour(branch)}]{Title(branch).EscapeMarkup()}[/]");
            foreach (var request in branch.Requests)
            {
                AddBranches(node.AddNode(Title(request).EscapeMarkup()), request.Branches);
            }
        }
    }

    private static void WriteBranches(TextWriter output, IEnumerable<OutlinedBranch> branches, string indent)
    {
        foreach (var branch in branches)
        {
            output.WriteLine($"{indent}{Title(branch)}");
            foreach (var request in branch.Requests)
            {
                output.WriteLine($"{indent}  {Title(request)}");
                WriteBranches(output, request.Branches, indent + "    ");
            }
        }
    }

    private static string Colour(OutlinedBranch branch)
        => branch.IsSubtask ? "yellow" : branch.Name == "main" ? "green" : "blue";

    private static string Title(ConversationOutline conversation)
        => $"conversation {conversation.ConversationId} of {conversation.TrainId}, "
           + $"{conversation.AllRequests.Sum(request => request.Tokens):N0} tokens";

    private static string Title(OutlinedBranch branch)
        => $"{branch.Name} ({branch.Requests.Sum(request => request.Tokens):N0} tokens)";

    private static string Title(OutlinedRequest request)
    {
        var kind = request.LinkKind is { } known ? JsonOutput.Word(known) : "linked by another program";
        var distance = request.LinkDistance > 1 ? $" over {request.LinkDistance} answers" : "";
        var failed = request.HasFailed ? ", failed" : "";
        var words = request.Words is null ? "" : $" “{request.Words}”";
        return $"{request.Timestamp:HH:mm:ss} {kind}{distance}{failed}, {request.Tokens:N0} tokens{words}";
    }
}
