namespace Nexus.Data.Seeding.Traffic;

/// <summary>What a generated request shows, so that a test can choose or count the rows it is about.</summary>
[Flags]
public enum TrafficFeatures
{
    /// <summary>A turn like any other.</summary>
    None = 0,

    /// <summary>The first request of a conversation.</summary>
    Opening = 1 << 0,

    /// <summary>A second, different next turn of a request that has one or may get one.</summary>
    Fork = 1 << 1,

    /// <summary>The first request of a sub-agent.</summary>
    Subtask = 1 << 2,

    /// <summary>A sub-agent's first request whose prompt stands twice in the answer that asked for it.</summary>
    EqualPrompts = 1 << 3,

    /// <summary>The answer asks for sub-agents.</summary>
    AsksForSubtasks = 1 << 4,

    /// <summary>The client asks for a summary, under the summarizer's system prompt.</summary>
    Summary = 1 << 5,

    /// <summary>The first request after the context ran out.</summary>
    Continuation = 1 << 6,

    /// <summary>A continuation in the newer of the client's two wordings.</summary>
    NewerWording = 1 << 7,

    /// <summary>A continuation whose first request brings messages along.</summary>
    CarryOver = 1 << 8,

    /// <summary>The same messages as a request before it.</summary>
    Retry = 1 << 9,

    /// <summary>The upstream call failed.</summary>
    Failed = 1 << 10,

    /// <summary>No answer was ever recorded.</summary>
    BrokenOff = 1 << 11,

    /// <summary>At least one request between this one and its parent was never stored.</summary>
    AfterLost = 1 << 12,

    /// <summary>The row is stored later than requests that came after it.</summary>
    StoredLate = 1 << 13,

    /// <summary>The row is stored in time, its answer later.</summary>
    AnsweredLate = 1 << 14,

    /// <summary>Counts tokens only; takes no part in conversations.</summary>
    TokenCount = 1 << 15,

    /// <summary>Checks the quota only; takes no part in conversations.</summary>
    Quota = 1 << 16,

    /// <summary>A client's helper about the opening's text, in a conversation of its own.</summary>
    Helper = 1 << 17,

    /// <summary>The system prompt is another than in the turn before.</summary>
    SystemChanged = 1 << 18,

    /// <summary>One of two sessions that begin with the same words, under the same system prompt.</summary>
    SameOpening = 1 << 19,

    /// <summary>The system prompt begins with a billing line that differs each time.</summary>
    Nonce = 1 << 20,

    /// <summary>The newest message carries a reminder, in a block of its own or in its text.</summary>
    Reminder = 1 << 21,

    /// <summary>A message of the role system was put in behind the newest one.</summary>
    SystemMessage = 1 << 22,

    /// <summary>The answer thinks; later bodies hold or leave out what it thought.</summary>
    Thinking = 1 << 23,

    /// <summary>The answer uses tools, with inputs of several keys.</summary>
    ToolUse = 1 << 24,

    /// <summary>The newest message holds the results of tools.</summary>
    ToolResult = 1 << 25,

    /// <summary>The system prompt tells the state of the repository, which changes each time.</summary>
    GitStatus = 1 << 26,

    /// <summary>The client went on after a call that was broken off, with or without words for the answer.</summary>
    AfterBrokenOff = 1 << 27,
}
