namespace Nexus.Data.Conversations.Hashing;

/// <summary>Where the members of a message or of a block stand on a tape that hashing asks for.</summary>
internal struct MessageFields
{
    public int Role = JsonTape.Missing;
    public int Type = JsonTape.Missing;
    public int Content = JsonTape.Missing;
    public int Text = JsonTape.Missing;
    public int Id = JsonTape.Missing;
    public int Name = JsonTape.Missing;
    public int Input = JsonTape.Missing;
    public int ToolUseId = JsonTape.Missing;
    public int Source = JsonTape.Missing;

    /// <summary>Finds the members of an object, the last of equal ones; of anything else there are none.</summary>
    public MessageFields(JsonTape tape, int container)
    {
        if (tape.Kind(container) != JsonKind.Object)
        {
            return;
        }

        var end = tape.Next(container);
        for (var name = container + 1; name < end; name = tape.Next(name + 1))
        {
            Take(tape, name);
        }
    }

    private void Take(JsonTape tape, int name)
    {
        if (tape.IsEscaped(name))
        {
            TakeEscaped(tape, name);
            return;
        }

        var raw = tape.Raw(name);
        switch (raw.Length)
        {
            case 2 when raw.SequenceEqual("id"u8):
                Id = name + 1;
                break;
            case 4 when raw.SequenceEqual("type"u8):
                Type = name + 1;
                break;
            case 4 when raw.SequenceEqual("text"u8):
                Text = name + 1;
                break;
            case 4 when raw.SequenceEqual("role"u8):
                Role = name + 1;
                break;
            case 4 when raw.SequenceEqual("name"u8):
                Name = name + 1;
                break;
            case 5 when raw.SequenceEqual("input"u8):
                Input = name + 1;
                break;
            case 6 when raw.SequenceEqual("source"u8):
                Source = name + 1;
                break;
            case 7 when raw.SequenceEqual("content"u8):
                Content = name + 1;
                break;
            case 11 when raw.SequenceEqual("tool_use_id"u8):
                ToolUseId = name + 1;
                break;
        }
    }

    private void TakeEscaped(JsonTape tape, int name)
    {
        Role = tape.Is(name, "role"u8) ? name + 1 : Role;
        Type = tape.Is(name, "type"u8) ? name + 1 : Type;
        Content = tape.Is(name, "content"u8) ? name + 1 : Content;
        Text = tape.Is(name, "text"u8) ? name + 1 : Text;
        Id = tape.Is(name, "id"u8) ? name + 1 : Id;
        Name = tape.Is(name, "name"u8) ? name + 1 : Name;
        Input = tape.Is(name, "input"u8) ? name + 1 : Input;
        ToolUseId = tape.Is(name, "tool_use_id"u8) ? name + 1 : ToolUseId;
        Source = tape.Is(name, "source"u8) ? name + 1 : Source;
    }
}
