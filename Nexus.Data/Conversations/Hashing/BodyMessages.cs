using System.Text.Json;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>The messages of a body as they stand in it, without looking at what they say.</summary>
internal static class BodyMessages
{
    /// <summary>Each message's role, null where it has none, and its JSON; none where the body has no list of them. Of equal
    /// members the last counts.</summary>
    /// <param name="body">UTF-8 without a byte order mark.</param>
    public static IReadOnlyList<(string? Role, ReadOnlyMemory<byte> Json)> Of(ReadOnlyMemory<byte> body)
    {
        var messages = new List<(string?, ReadOnlyMemory<byte>)>();
        using var tape = new JsonTape(body.Span);
        try
        {
            if (tape.TryTake((byte)'{') && !tape.TryTake((byte)'}'))
            {
                do
                {
                    tape.LoadName();
                    if (tape.Is(0, "messages"u8))
                    {
                        messages.Clear();
                        Read(tape, body, json => messages.Add((RoleOf(tape), json)));
                    }
                    else
                    {
                        tape.Load();
                    }
                }
                while (tape.TryTake((byte)','));
            }
        }
        catch (JsonException)
        {
            messages.Clear();
        }

        return messages;
    }

    /// <summary>Reads the value that stands next, and tells of each message while it is on the tape; of none where the value is no
    /// list.</summary>
    /// <param name="tape">The body's tape.</param>
    /// <param name="body">The body.</param>
    /// <param name="tell">Told of each message's JSON.</param>
    public static void Read(JsonTape tape, ReadOnlyMemory<byte> body, Action<ReadOnlyMemory<byte>> tell)
    {
        if (!tape.TryTake((byte)'['))
        {
            tape.Load();
            return;
        }

        if (tape.TryTake((byte)']'))
        {
            return;
        }

        do
        {
            var start = tape.Begin();
            tape.Load();
            tell(body[start..tape.Position]);
        }
        while (tape.TryTake((byte)','));

        tape.Take((byte)']');
    }

    // Of the roles that count, so that no text is made of each.
    private static string? RoleOf(JsonTape tape)
    {
        var role = new MessageFields(tape, 0).Role;
        return tape.Is(role, "user"u8) ? "user" : tape.Is(role, "assistant"u8) ? "assistant" : null;
    }
}
