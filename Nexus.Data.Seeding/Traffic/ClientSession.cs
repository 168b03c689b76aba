namespace Nexus.Data.Seeding.Traffic;

/// <summary>One client that goes on with one line of messages: a session, a fork of it, or a sub-agent.</summary>
internal sealed class ClientSession
{
    public required int Conversation { get; init; }

    public required string Train { get; init; }

    public required string Model { get; init; }

    public required SystemPrompt System { get; set; }

    /// <summary>What <c>metadata.user_id</c> names; null where the client sends none.</summary>
    public byte[]? UserId { get; init; }

    public ClientHistory History { get; set; } = new();

    /// <summary>Sub-agents are one deeper than the session that asked for them.</summary>
    public int Depth { get; init; }

    /// <summary>A fork is no main session: its end makes no room for a new conversation.</summary>
    public bool IsMain { get; init; }

    public bool IsFork { get; init; }

    public bool Streams { get; init; }

    public bool SendsBlocks { get; init; }

    public bool MarksCache { get; init; }

    public ThinkingHabit Thinking { get; init; }

    /// <summary>
    /// The opening's messages are those of another request too, so that it must be stored in time and answered at
    /// once: nothing else tells the two apart.
    /// </summary>
    public bool HasPlainOpening { get; set; }

    /// <summary>The opening's text, escaped, where it is given: a prompt, or the words of a session like it.</summary>
    public byte[]? Opening { get; init; }

    /// <summary>The summary that the next opening continues, escaped.</summary>
    public byte[]? Summary { get; set; }

    /// <summary>Turns begun, since the context last ran out.</summary>
    public int Turn { get; set; }

    public int TurnsLeft { get; set; }

    /// <summary>What a question and its answer should add to the history.</summary>
    public int ExchangeBytes { get; set; }

    /// <summary>The newest request of the history that is stored.</summary>
    public Guid? NewestStored { get; set; }

    /// <summary>What the next request shows besides what it is found to show.</summary>
    public TrafficFeatures Upcoming { get; set; }

    /// <summary>Identifiers of tool uses that wait for their results.</summary>
    public List<byte[]> OpenTools { get; } = [];

    /// <summary>The session that waits for this sub-agent.</summary>
    public ClientSession? Asker { get; set; }

    public int OpenSubtasks { get; set; }

    public bool IsAtOpening => Turn <= 1;
}

/// <summary>What a client does with the thinking in an answer when it sends the answer back.</summary>
internal enum ThinkingHabit
{
    Keeps,
    LeavesOut,
    KeepsForOneTurn,
}

/// <summary>A body that is ready to be sent, once or again.</summary>
internal sealed record ReadyTurn(byte[] Body, int HistoryStart, Guid? Parent, TrafficFeatures Features)
{
    public bool IsSummary => Features.HasFlag(TrafficFeatures.Summary);

    public bool IsToolResult => Features.HasFlag(TrafficFeatures.ToolResult);

    /// <summary>The first request with this body that is stored.</summary>
    public Guid? FirstAttempt { get; init; }

    public int Attempts { get; init; }
}

/// <summary>The content of an answer: blocks without the brackets around them.</summary>
internal sealed record Answer(byte[] Thinking, byte[] Content, int ToolCalls)
{
    public List<byte[]> ToolIds { get; } = [];

    /// <summary>Prompts of the sub-agents it asks for, escaped.</summary>
    public List<byte[]> Prompts { get; } = [];
}
