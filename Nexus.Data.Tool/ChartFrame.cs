using System.Globalization;
using System.Xml.Linq;

namespace Nexus.Data.Tool;

/// <summary>Title, legend and axes of a chart in SVG, which follows the reader's light or dark colours.</summary>
internal sealed class ChartFrame
{
    public const int Colours = 8;

    private const double Width = 960;
    private const double Height = 456;
    private const double Left = 72;
    private const double Right = 24;
    private const double Top = 100;
    private const double Bottom = 44;

    // Told apart by people who see colours differently, on white and on black.
    private const string Style =
        """
        svg { background: #fff; color: #24292f; font: 12px system-ui, sans-serif }
        text { fill: currentColor } .title { font-size: 16px; font-weight: 600 } .grid { stroke: #d0d7de } .axis { stroke: #57606a }
        .c0 { fill: #0072b2 } .c1 { fill: #e69f00 } .c2 { fill: #009e73 } .c3 { fill: #cc79a7 } .c4 { fill: #56b4e9 }
        .c5 { fill: #d55e00 } .c6 { fill: #b8a800 } .c7 { fill: #8c959f }
        .line { fill: none; stroke: #0072b2; stroke-width: 2 } .area { fill: #0072b2; opacity: .15 }
        .limit { stroke: #d55e00; stroke-width: 2; stroke-dasharray: 6 4 } .limit-box { fill: #d55e00 } .hover { fill: transparent }
        .bar:hover, .hover:hover { opacity: .7 } .hover:hover { fill: #8c959f; opacity: .25 }
        @media (prefers-color-scheme: dark) {
          svg { background: #0d1117; color: #e6edf3 } .grid { stroke: #30363d } .axis { stroke: #8b949e }
          .c0 { fill: #4493f8 } .line { stroke: #4493f8 } .area { fill: #4493f8 } .limit { stroke: #ff8f40 } .limit-box { fill: #ff8f40 }
          .c5 { fill: #ff8f40 } .c6 { fill: #f0e442 } .c3 { fill: #e59ac4 } .c2 { fill: #2dc08d }
        }
        """;

    private static readonly XNamespace _svg = "http://www.w3.org/2000/svg";

    private readonly XElement _root;
    private readonly double _top;

    /// <param name="title">What the chart says.</param>
    /// <param name="legend">The classes of the boxes and what they stand for.</param>
    /// <param name="highest">The greatest value; the axis ends at a round number above it.</param>
    /// <param name="labels">What stands below the places, of which as many are shown as have room.</param>
    public ChartFrame(
        string title, IEnumerable<(string Class, string Name)> legend, double highest, IReadOnlyList<string> labels)
    {
        var step = Step(highest);
        _top = Math.Max(1, Math.Ceiling(highest / step)) * step;
        Places = labels.Count;
        _root = new(
            _svg + "svg", new XAttribute("viewBox", Inv($"0 0 {Width} {Height}")), new XAttribute("role", "img"),
            Element("title", title), Element("style", Style), Text(title, Left, 28, "start", "title"));
        AddLegend(legend);
        for (var value = 0d; value <= _top + (step / 2); value += step)
        {
            Add("line", ("class", value == 0 ? "axis" : "grid"), ("x1", Left), ("x2", Width - Right), ("y1", Y(value)), ("y2", Y(value)));
            _root.Add(Text(Short(value), Left - 8, Y(value) + 4, "end"));
        }

        var room = 20 + (7.2 * labels.Max(label => label.Length));
        var every = Math.Max(1, (int)Math.Ceiling(labels.Count * room / (Width - Left - Right)));
        for (var i = 0; i < labels.Count; i += every)
        {
            _root.Add(Text(labels[i], X(i + 0.5), Height - Bottom + 20, "middle"));
        }
    }

    /// <summary>How many places there are side by side.</summary>
    public int Places { get; }

    /// <summary>Where a place begins, or a part of it.</summary>
    public double X(double place) => Left + ((Width - Left - Right) * place / Places);

    /// <summary>Where a value is.</summary>
    public double Y(double value) => Height - Bottom - ((Height - Top - Bottom) * value / _top);

    /// <summary>Adds a shape; what it is told by when the pointer is on it goes into a title of its own.</summary>
    public void Add(string name, string? told, params (string Name, object Value)[] attributes)
    {
        var element = new XElement(
            _svg + name, attributes.Select(one => new XAttribute(one.Name, one.Value is double number ? Inv($"{number:0.##}") : one.Value)));
        if (told is not null)
        {
            element.Add(Element("title", told));
        }

        _root.Add(element);
    }

    public override string ToString() => _root.ToString();

    /// <summary>A number in three digits or so.</summary>
    public static string Short(double value) => value switch
    {
        >= 1e9 => Inv($"{value / 1e9:0.##}G"),
        >= 1e6 => Inv($"{value / 1e6:0.##}M"),
        >= 1e3 => Inv($"{value / 1e3:0.##}k"),
        _ => Inv($"{value:0.##}"),
    };

    private void AddLegend(IEnumerable<(string Class, string Name)> legend)
    {
        var (x, y) = (Left, 50d);
        foreach (var (name, text) in legend)
        {
            var shown = text.Length > 32 ? string.Concat(text.AsSpan(0, 31), "…") : text;
            var width = 26 + (7.2 * shown.Length);
            if (x + width > Width - Right && x > Left)
            {
                (x, y) = (Left, y + 18);
            }

            Add("rect", ("class", name), ("x", x), ("y", y - 10), ("width", 12d), ("height", 12d));
            _root.Add(Text(shown, x + 17, y, "start"));
            x += width;
        }
    }

    private void Add(string name, params (string Name, object Value)[] attributes) => Add(name, null, attributes);

    // 1, 2 or 5 times a power of ten: four to ten of them to the highest.
    private static double Step(double highest)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(highest, 1) / 4)));
        var step = power * ((Math.Max(highest, 1) / 4 / power) switch { >= 5 => 5, >= 2 => 2, _ => 1 });
        return Math.Max(1, step);
    }

    private static XElement Text(string text, double x, double y, string anchor, string? name = null)
    {
        var element = Element("text", text);
        element.Add(new XAttribute("x", Inv($"{x:0.##}")), new XAttribute("y", Inv($"{y:0.##}")), new XAttribute("text-anchor", anchor));
        if (name is not null)
        {
            element.Add(new XAttribute("class", name));
        }

        return element;
    }

    private static XElement Element(string name, string text) => new(_svg + name, XmlText.Clean(text));

    private static string Inv(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
