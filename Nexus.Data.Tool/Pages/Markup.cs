using System.Globalization;
using System.Xml.Linq;

namespace Nexus.Data.Tool.Pages;

/// <summary>Elements of a page. All texts in them are escaped, for they are nothing but texts.</summary>
internal static class Markup
{
    public static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>An element of HTML. It always has an end tag, without which browsers would not close it.</summary>
    public static XElement Html(string name, params object?[] content)
        => new(name, [.. content.Select(Fit), ""]);

    /// <summary>An element of SVG.</summary>
    public static XElement Shape(string name, params object?[] content) => new(Svg + name, content.Select(Fit));

    /// <summary>A text at a place of a drawing.</summary>
    public static XElement Text(double x, double y, string? text, string? ofClass = null)
        => Shape("text", At("x", x), At("y", y), ofClass is null ? null : At("class", ofClass), text);

    public static XAttribute At(string name, string value) => new(name, XmlText.Clean(value));

    public static XAttribute At(string name, double value) => new(name, Number(value));

    /// <summary>A number of a drawing.</summary>
    public static string Number(double value) => Math.Round(value, 2).ToString(CultureInfo.InvariantCulture);

    /// <summary>A text with numbers as drawings have them, for paths.</summary>
    public static string Inv(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static object? Fit(object? content) => content is string text ? XmlText.Clean(text) : content;
}
