using System.Text.Json;
using Nexus.Data.Chats;
using Nexus.Data.Persistence;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Reads the files of the small population, and says what is wrong in them, where, and what is to be done.</summary>
internal static class SeedFiles
{
    private const int LongestName = UserConfiguration.LongestName;
    private const int LongestContent = 1_000_000;

    // Ten years.
    private const int Earliest = -5_256_000;

    public static IReadOnlyList<SeedUser> ReadUsers(string? file)
    {
        using var document = Open(file, "users.json", out var root);
        root.AllowOnly("users");
        var users = new List<SeedUser>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var user in root.List("users"))
        {
            user.AllowOnly("name", "password");
            var name = user.Text("name", LongestName);
            if (!names.Add(name))
            {
                throw user.Member("name").Wrong($"there is another '{name}' before it; names differ in more than the case of their letters");
            }

            users.Add(new(name, user.OptionalText("password", 1_024) ?? SeedPassword.Value));
        }

        return users;
    }

    public static IReadOnlyList<SeedConversation> ReadConversations(string? file, IReadOnlyList<SeedUser> users)
    {
        using var document = Open(file, "conversations.json", out var root);
        root.AllowOnly("conversations");
        var names = users.Select(user => user.Name).ToHashSet(StringComparer.Ordinal);
        var conversations = new List<SeedConversation>();
        var known = new HashSet<Guid>();
        foreach (var item in root.List("conversations"))
        {
            var conversation = ReadConversation(item, names);
            conversations.Add(known.Add(conversation.Id)
                ? conversation
                : throw item.Wrong(
                    conversation.Kind == ChatKind.Group
                        ? $"there is another group '{conversation.Topic}' before it; give this one another topic"
                        : "there is another direct chat of these two before it; put the messages into one"));
        }

        return conversations;
    }

    private static SeedConversation ReadConversation(SeedJson item, HashSet<string> names)
    {
        item.AllowOnly("kind", "topic", "participants", "messages");
        var kind = item.Text("kind", LongestName) switch
        {
            "direct" => ChatKind.Direct,
            "group" => ChatKind.Group,
            _ => throw item.Member("kind").Wrong("a conversation is 'direct' or 'group'"),
        };
        if (kind == ChatKind.Direct && item.Has("topic"))
        {
            throw item.Member("topic").Wrong("only a group has a topic; remove it");
        }

        var topic = kind == ChatKind.Group ? item.Text("topic", LongestName) : null;
        var participants = new List<string>();
        foreach (var place in item.List("participants"))
        {
            var name = place.AsText(LongestName);
            participants.Add(
                !names.Contains(name) ? throw place.Wrong($"there is no user '{name}'; add it to the file of users")
                : participants.Contains(name) ? throw place.Wrong($"'{name}' takes part once; remove it")
                : name);
        }

        return kind == ChatKind.Direct && participants.Count != 2 ? throw item.Member("participants").Wrong("a direct chat has two participants")
            : participants.Count == 0 ? throw item.Member("participants").Wrong("a group has at least one participant, who is its admin")
            : new(kind, topic, participants, ReadMessages(item, participants));
    }

    private static List<SeedMessage> ReadMessages(SeedJson conversation, List<string> participants)
    {
        var messages = new List<SeedMessage>();
        foreach (var item in conversation.List("messages"))
        {
            item.AllowOnly("sender", "minutes", "content");
            var message = new SeedMessage(
                item.Text("sender", LongestName), item.Number("minutes", Earliest, 0), item.Content("content", LongestContent));
            messages.Add(
                !participants.Contains(message.Sender)
                    ? throw item.Member("sender").Wrong($"'{message.Sender}' is no participant of this conversation; add it to 'participants'")
                : messages is [.., var before] && message.Minutes <= before.Minutes
                    ? throw item.Member("minutes").Wrong("each message is later than the one before it; give it a greater number")
                : message);
        }

        return messages;
    }

    private static JsonDocument Open(string? file, string resource, out SeedJson root)
    {
        var name = file ?? resource;
        try
        {
            using var stream = file is null ? typeof(SeedFiles).Assembly.GetManifestResourceStream(resource)! : File.OpenRead(file);
            var document = JsonDocument.Parse(
                stream, new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            root = new(name, "$", document.RootElement);
            return document;
        }
        catch (JsonException exception)
        {
            throw SeedJson.Error(
                FormattableString.Invariant($"{name}, line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}: this is no JSON; mend it there, or just before."),
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw SeedJson.Error($"{name} cannot be read: {exception.Message} Give the path of a JSON file that is there.", exception);
        }
    }
}

/// <summary>A value of a JSON file, with its place.</summary>
internal readonly record struct SeedJson(string File, string Path, JsonElement Value)
{
    public static NexusDataException Error(string message, Exception? cause = null)
        => new(NexusDataErrorKind.Validation, message, cause);

    /// <summary>What is wrong here, and what is to be done.</summary>
    public NexusDataException Wrong(string sentence) => Error($"{File}, {Path}: {sentence}.");

    public void AllowOnly(params string[] names)
    {
        if (Value.ValueKind != JsonValueKind.Object)
        {
            throw Wrong($"this is to be an object with {Listed(names)}");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in Value.EnumerateObject())
        {
            if (!names.Contains(member.Name, StringComparer.Ordinal))
            {
                throw Member(member.Name, member.Value).Wrong($"there is no such member; it may have {Listed(names)}");
            }

            if (!seen.Add(member.Name))
            {
                throw Member(member.Name, member.Value).Wrong("it is there twice; remove one");
            }
        }
    }

    public bool Has(string name) => Value.TryGetProperty(name, out _);

    public SeedJson Member(string name)
        => Value.TryGetProperty(name, out var value) ? Member(name, value) : throw Wrong($"the member '{name}' is missing; add it");

    public IEnumerable<SeedJson> List(string name)
    {
        var list = Member(name);
        if (list.Value.ValueKind != JsonValueKind.Array)
        {
            throw list.Wrong("this is to be an array");
        }

        return list.Value.EnumerateArray()
            .Select((item, index) => new SeedJson(list.File, FormattableString.Invariant($"{list.Path}[{index}]"), item));
    }

    public string Text(string name, int length) => Member(name).AsText(length);

    public string? OptionalText(string name, int length) => Has(name) ? Text(name, length) : null;

    /// <summary>A text that keeps the spaces around it.</summary>
    public string Content(string name, int length)
    {
        var member = Member(name);
        member.AsText(length);
        return member.Value.GetString()!;
    }

    public int Number(string name, int least, int most)
    {
        var member = Member(name);
        return member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out var number) && number >= least && number <= most
            ? number
            : throw member.Wrong(FormattableString.Invariant($"this is to be a whole number from {least} to {most}"));
    }

    public string AsText(int length)
    {
        if (Value.ValueKind != JsonValueKind.String)
        {
            throw Wrong("this is to be a text in quotes");
        }

        try
        {
            return TextField.Required(Value.GetString(), length, "text");
        }
        catch (Exception exception) when (exception is NexusDataException or InvalidOperationException)
        {
            throw Error($"{File}, {Path}: {exception.Message}", exception);
        }
    }

    private SeedJson Member(string name, JsonElement value) => new(File, $"{Path}.{name}", value);

    private static string Listed(string[] names) => string.Join(", ", names.Select(name => $"'{name}'"));
}
