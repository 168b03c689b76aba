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
                        Read(tape, body, messages);
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

    private static void Read(JsonTape tape, ReadOnlyMemory<byte> body, List<(string?, ReadOnlyMemory<byte>)> messages)
    {
        messages.Clear();
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
            messages.Add((RoleOf(tape), body[start..tape.Position]));
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
