using System.Text;
using System.Xml;
using System.Xml.Linq;
using Nexus.Data.Conversations.Browsing;
using static Nexus.Data.Tool.Pages.Markup;

namespace Nexus.Data.Tool.Pages;

/// <summary>A conversation as one page of HTML, which needs no server, no script and nothing from elsewhere.</summary>
internal static class ConversationPage
{
    private static readonly XmlWriterSettings _settings = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        OmitXmlDeclaration = true,
        NewLineHandling = NewLineHandling.None,
    };

    /// <summary>Writes the page; piece by piece, so that only one row of it lies in memory.</summary>
    public static void Write(Stream output, ConversationTree tree)
    {
        output.Write("<!DOCTYPE html>\n"u8);
        using var writer = XmlWriter.Create(output, _settings);
        Page(tree).WriteTo(writer);
    }

    private static XStreamingElement Page(ConversationTree tree)
    {
        var graph = new ConversationGraph(tree);
        var layout = TreeLayout.Of(graph);
        var title = $"Conversation {tree.ConversationId}";
        return new(
            "html", At("lang", "en"),
            Html(
                "head", new XElement("meta", At("charset", "utf-8")),
                new XElement("meta", At("name", "viewport"), At("content", "width=device-width, initial-scale=1")),
                Html("title", title), Html("style", PageStyle.Css)),
            new XStreamingElement(
                "body",
                Html("h1", title),
                Html("nav", Jump("tree", "Tree"), Jump("timeline", "Timeline"), Jump("branches", "Branches"), Jump("requests", "Requests")),
                tree.IsCut
                    ? Html("p", At("class", "note"), $"It has more requests: these are the first {ConversationQueries.LargestTree:N0}.")
                    : null,
                Html("dl", ConversationSummary.Of(tree).Lines().Where(line => !string.IsNullOrEmpty(line.Value))
                    .SelectMany(line => new[] { Html("dt", line.Name), Html("dd", line.Value) })),
                Section("tree", "Tree", Legend(layout), TreeDrawing.Of(graph, layout)),
                Section("timeline", "Timeline", Idle(), TimelineDrawing.Of(graph, TimelineLayout.Of(graph))),
                Section("branches", "Branches", null, PageTables.Branches(graph)),
                Section("requests", "Requests", null, PageTables.Requests(graph, layout))));
    }

    private static XElement Jump(string place, string name) => Html("a", At("href", $"#{place}"), name);

    private static XStreamingElement Section(string place, string name, XElement? above, XStreamingElement content)
        => new(
            "details", At("id", place), At("open", "open"), Html("summary", Html("h2", name)), above,
            new XStreamingElement("div", At("class", "box"), content));

    private static XElement Idle()
        => Html(
            "div", At("class", "legend"),
            "A bar is a request. Shaded and marked //: idle time, drawn shorter than it was. Outlined: failed; dashed: a retry; pale: nobody "
            + "measured its end.");

    private static XElement Legend(TreeLayout layout)
        => Html(
            "ul", At("class", "legend"),
            Enum.GetValues<RequestKind>().Select(kind => Entry(
                NodeShapes.Of(kind, 17, 8).Prepend(Shape("path", At("class", $"e {NodeShapes.Class(kind)}"), At("d", "M0 8H34"))),
                kind.Word())),
            Entry(NodeShapes.Of(RequestKind.Main, 17, 8, hasFailed: true), "failed"),
            layout.Rows.Any(row => row.Requests.Count > 1)
                ? Entry(NodeShapes.Of(RequestKind.Main, 17, 8).Prepend(NodeShapes.Ring(17, 8)), "several, one after the other")
                : null);

    private static XElement Entry(IEnumerable<XElement> shapes, string name)
        => Html("li", Shape("svg", At("width", 34), At("height", 16), At("aria-hidden", "true"), shapes), name);
}
