using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Conversations.Browsing;

/// <summary>
/// What two lists of messages have in common, and what is new, by the forms that linking compares: thinking, cache marks, the
/// order of members and reminders make no difference.
/// </summary>
internal static class MessageHistory
{
    /// <summary>How far two bodies are the same: the number of messages in each.</summary>
    public static (int First, int Second) CommonBeginning(
        IReadOnlyList<BodyMessage> first, IReadOnlyList<BodyMessage> second)
    {
        var (inFirst, inSecond, _) = Walk(first, second);
        return AfterOtherRoles(first, inFirst, second, inSecond);
    }

    /// <summary>The messages of a body that its parent neither had nor gave for an answer.</summary>
    /// <param name="own">The body's messages.</param>
    /// <param name="parent">The parent's; null where there is no parent, or its body is not there.</param>
    /// <param name="answer">The parent's answer; null where there is none.</param>
    public static IEnumerable<BodyMessage> NewMessages(
        IReadOnlyList<BodyMessage> own, IReadOnlyList<BodyMessage>? parent, ReadOnlyMemory<byte>? answer)
    {
        if (parent is null)
        {
            return own;
        }

        var (inParent, inOwn, next) = Walk(parent, own);
        (inParent, inOwn) = AfterOtherRoles(parent, inParent, own, inOwn);
        var rest = parent.Skip(next).Where(message => message.Counts).ToList();
        if (answer is { } body && rest.TrueForAll(message => message.Role == "assistant"))
        {
            inOwn = AfterAnswer(own, inOwn, BodyMessage.BlocksOf(body.Span), isBegun: rest.Count > 0);
        }

        return own.Skip(inOwn).Where(message => !message.IsBlank);
    }

    // The ends of what is the same in both, and where in the first to go on.
    private static (int First, int Second, int Next) Walk(IReadOnlyList<BodyMessage> first, IReadOnlyList<BodyMessage> second)
    {
        var (endFirst, endSecond) = (0, 0);
        while (true)
        {
            var (one, other) = (NextCounted(first, endFirst), NextCounted(second, endSecond));
            if (one == first.Count || other == second.Count || !first[one].Equates(second[other]))
            {
                return (endFirst, endSecond, one);
            }

            (endFirst, endSecond) = (one + 1, other + 1);
        }
    }

    private static int NextCounted(IReadOnlyList<BodyMessage> messages, int from)
    {
        while (from < messages.Count && !messages[from].Counts)
        {
            from++;
        }

        return from;
    }

    // Messages of roles that linking does not look at, which both have behind what is the same.
    private static (int First, int Second) AfterOtherRoles(
        IReadOnlyList<BodyMessage> first, int inFirst, IReadOnlyList<BodyMessage> second, int inSecond)
    {
        while (true)
        {
            (inFirst, inSecond) = (AfterBlank(first, inFirst), AfterBlank(second, inSecond));
            if (inFirst == first.Count || inSecond == second.Count || first[inFirst].Counts
                || !first[inFirst].Equates(second[inSecond]))
            {
                return (inFirst, inSecond);
            }

            (inFirst, inSecond) = (inFirst + 1, inSecond + 1);
        }
    }

    private static int AfterBlank(IReadOnlyList<BodyMessage> messages, int from)
    {
        while (from < messages.Count && messages[from].IsBlank)
        {
            from++;
        }

        return from;
    }

    // Some clients hand an answer back in several messages. One that the client had begun itself comes back with its
    // beginning, which is nowhere stored as a whole.
    private static int AfterAnswer(IReadOnlyList<BodyMessage> own, int from, ReadOnlySpan<byte> answer, bool isBegun)
    {
        var rest = answer;
        for (var index = AfterBlank(own, from); index < own.Count && own[index].Role == "assistant"; index = AfterBlank(own, index + 1))
        {
            if (isBegun)
            {
                return index + 1;
            }

            var blocks = own[index].Blocks();
            if (!rest.StartsWith(blocks))
            {
                return from;
            }

            rest = rest[blocks.Length..];
            if (rest.IsEmpty)
            {
                return index + 1;
            }
        }

        return from;
    }
}
