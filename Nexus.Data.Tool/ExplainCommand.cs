using System.CommandLine;
using Nexus.Data.Conversations;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data explain</c>: why a request stands where it stands.</summary>
internal static class ExplainCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var request = new Argument<string>("REQUEST_ID") { Description = "The request's identifier." };
        var command = new Verb("explain", "Say why a request stands where it stands in its conversation.")
        {
            request,
        };
        command.Examples =
        [
            ("explain 3781c376-48ed-53c1-af6b-0f45285b56ce", "Its parent, how it was found, and why this branch."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host, result.GetValue(options.Connection), result.GetRequiredValue(request), result.GetValue(options.Json),
            cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, string? connection, string request, bool json, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(request, out var requestId))
        {
            throw new ToolException(ExitCode.WrongUsage, $"'{request}' is no request identifier: it has to be a UUID.");
        }

        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Own, cancellationToken);
        var explanation = await target.Get<LinkExplainer>().ExplainAsync(requestId, cancellationToken)
            ?? throw new ToolException(ExitCode.CheckFailed, $"There is no request {requestId} in {target.Place}.");
        if (json)
        {
            await JsonOutput.WriteAsync(host, explanation);
        }
        else
        {
            await host.Output.WriteLineAsync(explanation.Text);
            if (explanation.ConversationId is { } conversation)
            {
                await host.Output.WriteLineAsync(
                    $"Train {explanation.TrainId}, conversation {conversation}, branch {explanation.BranchId}.");
            }
        }

        return ExitCode.Done;
    }
}
