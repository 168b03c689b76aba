using System.Text;
using System.Text.RegularExpressions;

namespace Nexus.Data.Tests.Documentation;

/// <summary>Links and headings of a document in Markdown, as GitHub reads them.</summary>
internal static partial class MarkdownLinks
{
    /// <summary>Where the links of a document lead, pictures too. What stands in code is no link.</summary>
    public static IEnumerable<string> Targets(string markdown)
    {
        var text = InlineCode().Replace(WithoutFences(markdown), "``");
        return Inline().Matches(text).Concat(Definition().Matches(text)).Concat(Html().Matches(text)).Concat(Automatic().Matches(text))
            .Select(link => link.Groups["target"].Value);
    }

    /// <summary>What may stand behind the # of a link to the document.</summary>
    public static IReadOnlySet<string> Anchors(string markdown)
    {
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        foreach (var slug in Heading().Matches(WithoutFences(markdown)).Select(heading => Slug(heading.Groups[1].Value)))
        {
            // Of equal headings the second is -1.
            var anchor = slug;
            for (var number = 1; !anchors.Add(anchor); number++)
            {
                anchor = $"{slug}-{number}";
            }
        }

        anchors.UnionWith(Named().Matches(markdown).Select(anchor => anchor.Groups[1].Value));
        return anchors;
    }

    /// <summary>The anchor of a heading: in small letters, without marks and signs, hyphens for spaces.</summary>
    public static string Slug(string heading)
    {
        var text = LinkText().Replace(heading.Trim(), "$1").Replace("`", "", StringComparison.Ordinal).Replace("**", "", StringComparison.Ordinal);
        var slug = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune) || rune.Value is '-' or '_')
            {
                slug.Append(Rune.ToLowerInvariant(rune));
            }
            else if (rune.Value == ' ')
            {
                slug.Append('-');
            }
        }

        return slug.ToString();
    }

    private static string WithoutFences(string markdown) => Fence().Replace(markdown, "");

    [GeneratedRegex(@"^ *```.*?^ *```[^\S\n]*$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"`[^`\n]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex("""\]\((?<target>[^)\s]+)(?:\s+"[^"]*")?\)""")]
    private static partial Regex Inline();

    [GeneratedRegex(@"^\[[^\]]+\]: *<?(?<target>[^>\s]+)", RegexOptions.Multiline)]
    private static partial Regex Definition();

    [GeneratedRegex("""<[a-z]+ [^>]*\b(?:href|src|srcset)="(?<target>[^"]+)"[^>]*>""")]
    private static partial Regex Html();

    [GeneratedRegex(@"<(?<target>https?:[^>\s]+)>")]
    private static partial Regex Automatic();

    [GeneratedRegex(@"^#{1,6} +(.+?) *#*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("""<a (?:id|name)="([^"]+)">""")]
    private static partial Regex Named();

    [GeneratedRegex(@"!?\[([^\]]*)\]\([^)]*\)")]
    private static partial Regex LinkText();
}
