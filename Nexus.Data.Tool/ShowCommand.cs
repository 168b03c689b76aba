using System.CommandLine;
using System.CommandLine.Parsing;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Tool.Pages;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data show</c>: a conversation as a tree, one request of it, or how two differ.</summary>
internal static class ShowCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var which = new Argument<string?>("CONVERSATION")
        {
            Description = "The conversation, or one of its requests.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var trainId = new Option<string?>("--train-id") { Description = "Only requests of this train.", HelpName = "SLUG" };
        var request = new Option<string?>("--request") { Description = "Show this request with what was new in it.", HelpName = "ID" };
        var diff = new Option<string[]>("--diff")
        {
            Description = "Show how two requests differ.",
            HelpName = "ID ID",
            Arity = new(2, 2),
            AllowMultipleArgumentsPerToken = true,
        };
        var html = new Option<string?>("--html")
        {
            Description = "Write the conversation as a page for the browser, in place of a file that is there.",
            HelpName = "FILE",
        };
        var command = new Verb("show", "Show a conversation as a tree, one request of it, or how two differ.")
        {
            which, trainId, request, diff, html,
        };
        command.Examples =
        [
            ("show 3781c376-48ed-53c1-af6b-0f45285b56ce", "The tree of a conversation, or of the one that a request is in."),
            ("show 3781c376-48ed-53c1-af6b-0f45285b56ce --html conversation.html", "A page with tree, timeline and tables; it needs no server."),
            ("show --request 3781c376-48ed-53c1-af6b-0f45285b56ce", "One request with its new messages."),
            (
                "show --diff 3781c376-48ed-53c1-af6b-0f45285b56ce 8d0c5f0e-7a0b-5a53-9a3f-6f1b1c1f3c55",
                "What the second has that the first has not, and the other way round."
            ),
        ];
        command.Validators.Add(result =>
        {
            var named = new List<string?> { result.GetValue(request) };
            named.AddRange((result.GetResult(diff)?.Tokens ?? []).Select(token => token.Value));
            Check(result, [result.GetValue(which), .. named]);
            if (result.GetValue(which) is null && named.TrueForAll(id => id is null))
            {
                result.AddError("show takes a conversation, --request or --diff.");
            }
            else if (named.Exists(id => id is not null) && (result.GetValue(html) ?? result.GetValue(trainId)) is not null)
            {
                result.AddError("--html and --train-id go with a whole conversation.");
            }
            else if (result.GetValue(request) is not null && named.Count > 1)
            {
                result.AddError("show takes --request or --diff, not both.");
            }
        });
        command.SetWork(options, host, async (run, cancellationToken) =>
        {
            var conversation = Id(run.Result.GetValue(which));
            if (Id(run.Result.GetValue(request)) is { } requestId)
            {
                return await RequestAsync(run, conversation, requestId, cancellationToken);
            }

            return run.Result.GetValue(diff) is [var first, var second]
                ? await DiffAsync(run, conversation, Id(first)!.Value, Id(second)!.Value, cancellationToken)
                : await ConversationAsync(
                    run, conversation!.Value, run.Result.GetValue(trainId), run.Result.GetValue(html), cancellationToken);
        });
        return command;
    }

    private static async Task<int> ConversationAsync(
        VerbRun run, Guid id, string? trainId, string? html, CancellationToken cancellationToken)
    {
        var queries = run.Get<ConversationQueries>();
        var tree = await queries.GetAsync(id, trainId, cancellationToken)
            ?? (await ConversationOfAsync(queries, id, cancellationToken) is { } conversation
                ? await queries.GetAsync(conversation, trainId, cancellationToken)
                : null)
            ?? throw Missing($"There is no conversation {id}, nor a request of one{(trainId is null ? "" : $" of train {trainId}")},", run);
        if (html is null)
        {
            return await ConversationWriter.WriteAsync(run, tree);
        }

        var path = Path.GetFullPath(html);
        await using (var file = WholeFile.Create(path))
        {
            ConversationPage.Write(file.Stream, tree);
            await file.CommitAsync();
        }

        return run.IsJson
            ? await ConversationWriter.WriteAsync(run, tree)
            : await run.TellAsync(tree, $"Conversation {tree.ConversationId} with {tree.Requests.Count:N0} requests is in {path}.");
    }

    private static async Task<int> RequestAsync(
        VerbRun run, Guid? conversation, Guid requestId, CancellationToken cancellationToken)
    {
        var request = await FindAsync(run, conversation, requestId, cancellationToken);
        return await RequestWriter.WriteAsync(run, request);
    }

    private static async Task<int> DiffAsync(
        VerbRun run, Guid? conversation, Guid first, Guid second, CancellationToken cancellationToken)
    {
        // Which of the two is missing is worth two reads more.
        await FindAsync(run, conversation, first, cancellationToken);
        await FindAsync(run, conversation, second, cancellationToken);
        var diff = await run.Get<ConversationQueries>().DiffAsync(first, second, cancellationToken)
            ?? throw Missing("One of the requests has just gone", run);
        return await RequestWriter.WriteAsync(run, diff);
    }

    private static async Task<RequestDetails> FindAsync(
        VerbRun run, Guid? conversation, Guid requestId, CancellationToken cancellationToken)
    {
        var queries = run.Get<ConversationQueries>();
        var request = await queries.GetRequestAsync(requestId, cancellationToken)
            ?? throw Missing($"There is no request {requestId}", run);
        if (conversation is { } id && id != request.ConversationId && id != requestId
            && (request.ConversationId is null || await ConversationOfAsync(queries, id, cancellationToken) != request.ConversationId))
        {
            throw Missing($"Request {requestId} is not in conversation {id}", run);
        }

        return request;
    }

    private static async Task<Guid?> ConversationOfAsync(ConversationQueries queries, Guid requestId, CancellationToken cancellationToken)
        => (await queries.GetRequestAsync(requestId, cancellationToken))?.ConversationId;

    private static ToolException Missing(string sentence, VerbRun run)
        => new(ExitCode.CheckFailed, $"{sentence} in {run.Target.Place}.");

    private static void Check(CommandResult result, IEnumerable<string?> ids)
    {
        foreach (var id in ids)
        {
            if (id is not null && !Guid.TryParse(id, out _))
            {
                result.AddError($"'{id}' is no identifier: it has to be a UUID.");
            }
        }
    }

    private static Guid? Id(string? text) => text is null ? null : Guid.Parse(text);
}
