using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>Hashes the answer to a request: a message of the assistant's.</summary>
public static class AnswerHasher
{
    /// <summary>
    /// Hashes a response body. What is no message, or no JSON at all, has no hashes; it never throws.
    /// </summary>
    public static AnswerHashes Hash(ReadOnlySpan<byte> responseUtf8)
    {
        using var tape = new JsonTape(responseUtf8);
        var content = FindContent(tape);
        if (content == JsonTape.Missing)
        {
            return new AnswerHashes();
        }

        using var form = new LinkForm(tape);
        form.Write(isUser: false, content);
        var hash = form.Alone.IsEmpty ? null : SHA256.HashData(form.Alone);

        var keys = new List<byte[]>();
        foreach (var text in TextsOf(tape, form, content))
        {
            foreach (var key in SummaryText.KeysOf(text))
            {
                if (!keys.Exists(other => other.AsSpan().SequenceEqual(key)))
                {
                    keys.Add(key);
                }
            }
        }

        return new AnswerHashes
        {
            AnswerHash = hash,
            PromptedTasks = PromptsOf(tape, form, content, out var toolUses),
            SummaryKeys = keys,
            ToolUseCount = toolUses,
        };
    }

    /// <summary>The texts of an answer's text blocks, as they count; none where it is no answer.</summary>
    internal static List<string> ReadTexts(ReadOnlySpan<byte> responseUtf8)
    {
        using var tape = new JsonTape(responseUtf8);
        var content = FindContent(tape);
        using var form = new LinkForm(tape);
        return TextsOf(tape, form, content);
    }

    /// <summary>Where an answer's content stands on the tape; missing where it is no answer.</summary>
    internal static int FindContent(JsonTape tape)
    {
        try
        {
            tape.Load();
            tape.TakeEnd();
        }
        catch (JsonException)
        {
            return JsonTape.Missing;
        }

        var fields = new MessageFields(tape, 0);
        var isMessage = (fields.Type == JsonTape.Missing || tape.Is(fields.Type, "message"u8))
            && (fields.Role == JsonTape.Missing || tape.Is(fields.Role, "assistant"u8));
        return isMessage ? fields.Content : JsonTape.Missing;
    }

    /// <summary>The texts of a content on the tape, as they count.</summary>
    internal static List<string> TextsOf(JsonTape tape, LinkForm form, int content)
    {
        var texts = new List<string>();
        if (tape.Kind(content) == JsonKind.String)
        {
            texts.Add(Encoding.UTF8.GetString(form.ReadText(content)));
        }
        else if (tape.Kind(content) == JsonKind.Array)
        {
            var end = tape.Next(content);
            for (var block = content + 1; block < end; block = tape.Next(block))
            {
                var fields = new MessageFields(tape, block);
                if (tape.Is(fields.Type, "text"u8) && tape.Kind(fields.Text) == JsonKind.String)
                {
                    texts.Add(Encoding.UTF8.GetString(form.ReadText(fields.Text)));
                }
            }
        }

        return texts;
    }

    private static List<PromptedTask> PromptsOf(JsonTape tape, LinkForm form, int content, out int toolUses)
    {
        var prompts = new List<PromptedTask>();
        var known = new HashSet<string>();
        toolUses = 0;
        if (tape.Kind(content) != JsonKind.Array)
        {
            return prompts;
        }

        var end = tape.Next(content);
        for (var block = content + 1; block < end; block = tape.Next(block))
        {
            var fields = new MessageFields(tape, block);
            if (!tape.Is(fields.Type, "tool_use"u8))
            {
                continue;
            }

            toolUses++;
            var hasId = tape.Kind(fields.Id) == JsonKind.String && !tape.Raw(fields.Id).IsEmpty;
            var id = hasId ? form.ReadString(fields.Id) : null;
            if (id is not null && !known.Add(id))
            {
                continue;
            }

            var prompt = tape.Find(fields.Input, "prompt"u8);
            if ((tape.Is(fields.Name, "Task"u8) || tape.Is(fields.Name, "Agent"u8))
                && tape.Kind(prompt) == JsonKind.String
                && form.ReadText(prompt) is { IsEmpty: false } text)
            {
                prompts.Add(new PromptedTask(id, prompts.Count, SHA256.HashData(text), Encoding.UTF8.GetString(text)));
            }
        }

        return prompts;
    }
}
