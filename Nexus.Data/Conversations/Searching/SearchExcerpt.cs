namespace Nexus.Data.Conversations.Searching;

/// <summary>Excerpts, from the server's marks to parts.</summary>
internal static class SearchExcerpt
{
    /// <summary>What stands before a match. No text that is searched holds it: see <see cref="Searched"/>.</summary>
    public const char Start = '\u0002';

    /// <summary>What stands behind a match.</summary>
    public const char Stop = '\u0003';

    /// <summary>A text that can be marked.</summary>
    public static string Searched(string text) => text.Replace(Start, ' ').Replace(Stop, ' ');

    /// <summary>A marked text in parts.</summary>
    public static IReadOnlyList<ExcerptPart> Parts(string marked)
    {
        var parts = new List<ExcerptPart>();
        var isMatch = false;
        foreach (var text in marked.Split(Start, Stop))
        {
            if (text.Length > 0)
            {
                parts.Add(new(text, isMatch));
            }

            isMatch = !isMatch;
        }

        return parts;
    }
}
