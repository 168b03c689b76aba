namespace Nexus.Data.Seeding.Traffic;

/// <summary>Writes messages and answers. A number in it makes each opening, prompt and summary the only one.</summary>
internal sealed class MessageComposer(TrafficOptions options, TrafficRandom random)
{
    private static ReadOnlySpan<byte> RanOut =>
        "This session is being continued from a previous conversation that ran out of context. "u8;

    private static ReadOnlySpan<byte> OlderStart => """The conversation is summarized below:\n"""u8;

    private static ReadOnlySpan<byte> OlderEnd =>
        """\nPlease continue the conversation from where we left it off without asking any further questions."""u8;

    private static ReadOnlySpan<byte> NewerStart =>
        """The summary below covers the earlier portion of the conversation.\n\nSummary:\n"""u8;

    private static ReadOnlySpan<byte> NewerEnd =>
        """\n\nIf you need specific details from before compaction, read the transcript."""u8;

    private readonly TrafficText _text = new(random);
    private long _serial;

    /// <summary>A number that this log has not used yet.</summary>
    public long NextSerial() => ++_serial;

    /// <summary>An opening's text or a prompt, escaped.</summary>
    public byte[] Sentence(ReadOnlySpan<byte> start, int length)
    {
        var text = new ByteBuffer(length + 64).Append(start).Append(" "u8).Append(NextSerial()).Append(": "u8);
        _text.Append(text, Math.Max(length - text.Length, 8));
        return text.ToArray();
    }

    /// <summary>The part of a system prompt that stays.</summary>
    public byte[] SystemText(ReadOnlySpan<byte> start, int length)
    {
        var text = new ByteBuffer(length + 64).Append(start).Append(" "u8);
        _text.Append(text, Math.Max(length - text.Length, 8));
        return text.ToArray();
    }

    /// <summary>Appends the next message of the user, and says what it shows.</summary>
    public TrafficFeatures AppendQuestion(ClientSession session, int length)
    {
        TrafficFeatures features;
        if (session.OpenTools.Count > 0)
        {
            features = AppendToolResults(session, length);
        }
        else if (session.Summary is { } summary)
        {
            features = AppendContinuation(session, summary);
        }
        else
        {
            var text = session is { Turn: 1, Opening: { } opening } ? opening
                : Sentence(session.Turn == 1 ? "Please look into case"u8 : "Next is step"u8, length);
            features = AppendText(session, text);
        }

        if (random.Chance(options.SystemMessageRate))
        {
            features |= TrafficFeatures.SystemMessage;
            var start = session.History.Length;
            var message = session.History.BeginMessage().Append("""{"role":"system","content":"Note """u8);
            message.Append(NextSerial()).Append(": "u8);
            _text.Append(message, 24);
            message.Append("\"}"u8);
            if (random.Chance(0.5))
            {
                session.History.MarkPassing(start);
            }
        }

        return features;
    }

    /// <summary>Appends the question for a summary.</summary>
    public static void AppendSummaryQuestion(ClientSession session) =>
        session.History.BeginMessage().Append("""{"role":"user","content":"Summarize our talk so far"}"""u8);

    /// <summary>Appends an answer as its client keeps it.</summary>
    public static void AppendAnswer(ClientSession session, Answer answer)
    {
        var message = session.History.BeginMessage().Append("""{"role":"assistant","content":["""u8);
        if (answer.Thinking.Length > 0 && session.Thinking != ThinkingHabit.LeavesOut)
        {
            var start = message.Length;
            message.Append(answer.Thinking).Append(","u8);
            if (session.Thinking == ThinkingHabit.KeepsForOneTurn)
            {
                session.History.MarkPassing(start);
            }
        }

        message.Append(answer.Content).Append("]}"u8);
    }

    /// <summary>Appends words that the client has for an answer which nobody recorded.</summary>
    public void AppendWordsForAnswer(ClientSession session)
    {
        var message = session.History.BeginMessage().Append("""{"role":"assistant","content":"I was saying """u8);
        message.Append(NextSerial()).Append(": "u8);
        _text.Append(message, 24);
        message.Append("\"}"u8);
    }

    /// <summary>An answer of about the given length, which may use tools or ask for sub-agents.</summary>
    public Answer ComposeAnswer(int length, bool mayUseTools, bool mayAsk)
    {
        var thinking = random.Chance(options.ThinkingRate) ? Thinking(Math.Min(length / 3, 400)) : [];
        var asks = mayAsk && random.Chance(options.SubtaskRate);
        var usesTools = mayUseTools && (random.Chance(options.ToolRate) || asks);
        var content = new ByteBuffer(length + 256);
        List<byte[]> toolIds = [];
        List<byte[]> prompts = [];

        if (!usesTools || random.Chance(0.8))
        {
            content.Append("""{"type":"text","text":"Done with """u8).Append(NextSerial()).Append(": "u8);
            _text.Append(content, Math.Max(usesTools ? length / 3 : length - content.Length - 40, 8));
            content.Append("\"}"u8);
        }

        if (asks)
        {
            AppendTasks(content, toolIds, prompts, length);
        }
        else if (usesTools)
        {
            var uses = random.Chance(0.2) ? 2 : 1;
            for (var use = 0; use < uses; use++)
            {
                AppendToolUse(content, toolIds, length / 2 / uses);
            }
        }

        var answer = new Answer(thinking, content.ToArray(), toolIds.Count);
        answer.ToolIds.AddRange(toolIds);
        answer.Prompts.AddRange(prompts);
        return answer;
    }

    /// <summary>A summary, escaped, whose number is among the first characters that a look-up goes by.</summary>
    public byte[] ComposeSummary(int length)
    {
        var summary = new ByteBuffer(length + 128).Append("1. Case "u8).Append(NextSerial());
        summary.Append(" is the user's request: "u8);
        _text.Append(summary, length / 2);
        summary.Append("""\n2. Next step: """u8);
        _text.Append(summary, length / 2);
        return summary.ToArray();
    }

    /// <summary>The answer that holds the summary, with or without an analysis before it.</summary>
    public Answer SummaryAnswer(byte[] summary)
    {
        var content = new ByteBuffer(summary.Length + 256).Append("{\"type\":\"text\",\"text\":\""u8);
        if (random.Chance(0.5))
        {
            content.Append("<analysis>"u8);
            _text.Append(content, 40);
            content.Append("""</analysis>\n\n<summary>\n"""u8).Append(summary).Append("""\n</summary>"""u8);
        }
        else
        {
            content.Append(summary);
        }

        content.Append("\"}"u8);
        return new Answer(random.Chance(0.3) ? Thinking(60) : [], content.ToArray(), 0);
    }

    private TrafficFeatures AppendText(ClientSession session, ReadOnlySpan<byte> text)
    {
        var reminds = random.Chance(options.ReminderRate);
        var message = session.History.BeginMessage().Append("""{"role":"user","content":"""u8);
        if (session.SendsBlocks || random.Chance(0.2))
        {
            message.Append("["u8);
            if (reminds)
            {
                var start = message.Length;
                AppendReminderBlock(message);
                message.Append(","u8);
                MarkPassingPerhaps(session, start);
            }

            AppendTextBlock(session, message, text);
            message.Append("]"u8);
        }
        else
        {
            message.Append("\""u8).Append(text);
            if (reminds)
            {
                var start = message.Length;
                message.Append("""\n\n"""u8);
                AppendReminder(message);
                MarkPassingPerhaps(session, start);
            }

            message.Append("\""u8);
        }

        message.Append("}"u8);
        return reminds ? TrafficFeatures.Reminder : TrafficFeatures.None;
    }

    private TrafficFeatures AppendToolResults(ClientSession session, int length)
    {
        var message = session.History.BeginMessage().Append("""{"role":"user","content":["""u8);
        var each = Math.Max((length / session.OpenTools.Count) - 70, 8);
        for (var i = 0; i < session.OpenTools.Count; i++)
        {
            message.Append(i == 0 ? ""u8 : ","u8);
            message.Append("{\"tool_use_id\":\""u8).Append(session.OpenTools[i]);
            message.Append("\",\"type\":\"tool_result\",\"content\":"u8);
            var isBlocks = random.Chance(0.4);
            message.Append(isBlocks ? "[{\"type\":\"text\",\"text\":\""u8 : "\""u8);
            message.Append("Result "u8).Append(NextSerial()).Append(": "u8);
            _text.Append(message, each);
            message.Append(isBlocks ? "\"}]"u8 : "\""u8);
            message.Append(random.Chance(0.1) ? ""","is_error":true}"""u8 : "}"u8);
        }

        var reminds = random.Chance(options.ReminderRate);
        if (reminds)
        {
            var start = message.Length;
            message.Append(","u8);
            AppendReminderBlock(message);
            MarkPassingPerhaps(session, start);
        }

        message.Append("]}"u8);
        session.OpenTools.Clear();
        return TrafficFeatures.ToolResult | (reminds ? TrafficFeatures.Reminder : TrafficFeatures.None);
    }

    private TrafficFeatures AppendContinuation(ClientSession session, byte[] summary)
    {
        session.Summary = null;
        var isNewer = random.Chance(0.5);
        var message = session.History.BeginMessage();
        message.Append("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\""u8);
        message.Append(RanOut).Append(isNewer ? NewerStart : OlderStart);
        message.Append(summary).Append(isNewer ? NewerEnd : OlderEnd);
        var features = TrafficFeatures.Continuation | (isNewer ? TrafficFeatures.NewerWording : 0);
        if (random.Chance(0.3))
        {
            message.Append("\"}]}"u8);
            AppendWordsForAnswer(session);
            session.History.BeginMessage().Append("{\"role\":\"user\",\"content\":\""u8);
            message.Append(Sentence("Go on with step"u8, 60)).Append("\"}"u8);
            return features | TrafficFeatures.CarryOver;
        }

        if (random.Chance(0.5))
        {
            message.Append("\"},{\"type\":\"text\",\"text\":\""u8).Append(Sentence("Go on with step"u8, 60));
        }

        message.Append("\"}]}"u8);
        return features;
    }

    private void AppendTasks(ByteBuffer content, List<byte[]> toolIds, List<byte[]> prompts, int length)
    {
        var count = random.Chance(0.6) ? 1 : random.Between(2, 3);
        var hasEqual = random.Chance(options.EqualPromptsRate);
        for (var task = 0; task < (hasEqual ? Math.Max(count, 2) : count); task++)
        {
            var prompt = hasEqual && task == 1 ? prompts[0]
                : Sentence("Find out about point"u8, Math.Clamp(length / 4, 40, 600));
            prompts.Add(prompt);
            BeginToolUse(content, toolIds, random.Chance(0.5) ? "Task"u8 : "Agent"u8);
            content.Append("{\"subagent_type\":\"general-purpose\",\"prompt\":\""u8).Append(prompt);
            content.Append("\",\"description\":\"point "u8).Append(task + 1).Append("\"}}"u8);
        }
    }

    private void AppendToolUse(ByteBuffer content, List<byte[]> toolIds, int length)
    {
        // Keys in an order that jsonb does not keep, and numbers in a spelling that it changes.
        switch (random.Below(4))
        {
            case 0:
                BeginToolUse(content, toolIds, "Write"u8);
                content.Append("""{"file_path":"/src/part-"""u8).Append(random.Below(1000));
                content.Append(".cs\",\"content\":\""u8);
                _text.Append(content, Math.Max(length, 8));
                content.Append("\"}}"u8);
                break;
            case 1:
                BeginToolUse(content, toolIds, "Edit"u8);
                content.Append("{\"replace_all\":false,\"file_path\":\"/src/part.cs\",\"old_string\":\""u8);
                _text.Append(content, Math.Max(length / 2, 8));
                content.Append("\",\"new_string\":\""u8);
                _text.Append(content, Math.Max(length / 2, 8));
                content.Append("\"}}"u8);
                break;
            case 2:
                BeginToolUse(content, toolIds, "Bash"u8);
                content.Append("{\"timeout\":1.2e5,\"command\":\"make check && echo \\\"ok\\\"\",\"description\":\""u8);
                _text.Append(content, 16);
                content.Append("\"}}"u8);
                break;
            default:
                BeginToolUse(content, toolIds, "Grep"u8);
                content.Append("""{"pattern":"\\bwait\\b","-n":true,"output_mode":"content","limit":"""u8);
                content.Append(random.Below(100)).Append(""".0,"path":"."}}"""u8);
                break;
        }
    }

    private void BeginToolUse(ByteBuffer content, List<byte[]> toolIds, ReadOnlySpan<byte> name)
    {
        var id = new ByteBuffer(24).Append("toolu_"u8).Append(NextSerial()).ToArray();
        toolIds.Add(id);
        content.Append(content.Length == 0 ? ""u8 : ","u8);
        content.Append("{\"type\":\"tool_use\",\"id\":\""u8).Append(id);
        content.Append("\",\"name\":\""u8).Append(name).Append("\",\"input\":"u8);
    }

    private byte[] Thinking(int length)
    {
        var block = new ByteBuffer(length + 128).Append("{\"type\":\"thinking\",\"thinking\":\""u8);
        _text.Append(block, Math.Max(length, 8));
        block.Append("\",\"signature\":\"sig"u8).Append(NextSerial()).Append("\"}"u8);
        return block.ToArray();
    }

    private static void AppendTextBlock(ClientSession session, ByteBuffer message, ReadOnlySpan<byte> text)
    {
        message.Append("{\"type\":\"text\",\"text\":\""u8).Append(text).Append("\""u8);
        if (session.MarksCache)
        {
            var start = message.Length;
            message.Append(""","cache_control":{"type":"ephemeral"}"""u8);
            session.History.MarkPassing(start);
        }

        message.Append("}"u8);
    }

    private void AppendReminderBlock(ByteBuffer message)
    {
        message.Append("{\"type\":\"text\",\"text\":\""u8);
        AppendReminder(message);
        message.Append("\"}"u8);
    }

    private void AppendReminder(ByteBuffer message)
    {
        message.Append("<system-reminder>"u8);
        _text.Append(message, 32);
        message.Append("</system-reminder>"u8);
    }

    private void MarkPassingPerhaps(ClientSession session, int start)
    {
        if (random.Chance(0.5))
        {
            session.History.MarkPassing(start);
        }
    }
}
