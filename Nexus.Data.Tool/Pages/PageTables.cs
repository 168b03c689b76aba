using System.Globalization;
using System.Xml.Linq;
using static Nexus.Data.Tool.Pages.Markup;

namespace Nexus.Data.Tool.Pages;

/// <summary>The tables of a page, a row at a time.</summary>
internal static class PageTables
{
    public static XStreamingElement Branches(ConversationGraph graph)
        => Table(
            ["branch", "kind", "from", "#requests", "#messages", "#input", "#output", "#into cache", "#from cache", "first", "latest"],
            graph.Branches.Select((branch, index) => Row(
                PageLinks.Branch(index), Cell(Link(PageLinks.Row(branch.Requests[0]), branch.Name)),
                Cell(RequestKinds.Of(branch.Kind).Word()),
                Cell(branch.Origin is { } origin ? Link(PageLinks.Row(origin), PageLinks.Number(origin)) : null),
                Count(branch.Statistics.RequestCount), Count(branch.Statistics.MessageCount), Count(branch.Statistics.InputTokens),
                Count(branch.Statistics.OutputTokens), Count(branch.Statistics.CacheCreationInputTokens),
                Count(branch.Statistics.CacheReadInputTokens), Cell(branch.Statistics.FirstAt.Text()),
                Cell(branch.Statistics.LastAt.Text()))));

    public static XStreamingElement Requests(ConversationGraph graph, TreeLayout layout)
    {
        var nodes = new int[graph.Requests.Count];
        foreach (var row in layout.Rows)
        {
            foreach (var request in row.Requests)
            {
                nodes[request] = row.Requests[0];
            }
        }

        return Table(
            [
                "#no.", "time", "branch", "link", "parent", "model", "type", "#status", "error", "#messages", "#input", "#output", "#into cache",
                "#from cache", "#tools", "#first token", "#took", "account", "train", "request",
            ],
            graph.Requests.Select((request, number) => Row(
                PageLinks.Row(number),
                Html("td", At("class", "n"), Link(PageLinks.Node(nodes[number]), PageLinks.Number(number))),
                Cell(Link(PageLinks.Bar(number), request.Timestamp.Text())),
                Cell(Link(PageLinks.Branch(graph.BranchOf(number)), request.BranchId)),
                Cell(RequestText.Link(request.LinkKind, request.LinkDistance)),
                Cell((graph.RetryOf(number) ?? graph.ParentOf(number)) is { } from ? Link(PageLinks.Row(from), PageLinks.Number(from)) : null),
                Cell(request.Model), Cell(request.RequestType),
                Html("td", At("class", request.HasFailed ? "n bad" : "n"), Plain(request.ResponseStatus)),
                request.Error is null ? Cell(null) : Html("td", At("class", "wide bad"), request.Error), Count(request.MessageCount),
                Count(request.InputTokens), Count(request.OutputTokens), Count(request.CacheCreationInputTokens),
                Count(request.CacheReadInputTokens), Count(request.ToolCallCount),
                Number(request.FirstTokenMs is { } first ? RequestText.Length(TimeSpan.FromMilliseconds(first)) : null),
                Number(RequestText.Length(RequestText.Duration(request))), Cell(request.AccountId), Cell(request.TrainId),
                Cell(request.RequestId.ToString()))));
    }

    // A column whose name begins with # holds numbers.
    private static XStreamingElement Table(IEnumerable<string> columns, IEnumerable<XElement> rows)
        => new(
            "table",
            Html("thead", Html("tr", columns.Select(column => column.StartsWith('#')
                ? Html("th", At("class", "n"), column[1..])
                : Html("th", column)))),
            new XStreamingElement("tbody", rows));

    private static XElement Row(string place, params object?[] cells) => Html("tr", [At("id", place), .. cells]);

    private static XElement Cell(object? content) => Html("td", content);

    private static XElement Number(string? text) => Html("td", At("class", "n"), text);

    private static XElement Count(long? number) => Number(number?.ToString("N0", CultureInfo.InvariantCulture));

    private static string? Plain(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static XElement Link(string place, string text) => Html("a", At("href", $"#{place}"), text);
}
