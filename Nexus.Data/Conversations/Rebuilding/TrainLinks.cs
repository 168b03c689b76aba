using Nexus.Data.Requests;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>Links the requests of a model in the order of their times, by the rules of <see cref="LinkSession"/>.</summary>
internal sealed class TrainLinks
{
    private static readonly long _retryWindow = PostgresTime.Length(LinkRules.RetryWindow);
    private static readonly long _subtaskWindow = PostgresTime.Length(LinkRules.SubtaskWindow);

    private readonly List<Guid> _conversations = [];
    private readonly HashSet<Guid> _given = [];
    private readonly Dictionary<int, int> _lastSubtasks = [];
    private readonly HashSet<(int Conversation, int Branch)> _names = [];
    private readonly Dictionary<Digest, List<int>> _freePrompts = [];
    private readonly int _main;

    private readonly HashSet<Guid> _foreign;

    private TrainLinks(TrainModel model, HashSet<Guid> foreign)
    {
        (Model, _foreign) = (model, foreign);
        _main = model.Word(ApiRequest.MainBranch);
    }

    public TrainModel Model { get; }

    /// <summary>The conversations by the rules, as the rows number them.</summary>
    public IReadOnlyList<Guid> ConversationIds => _conversations;

    /// <summary>Identifiers that were made and not found at their roots.</summary>
    public List<Guid> NewConversations { get; } = [];

    /// <summary>Links all requests of the model anew.</summary>
    /// <param name="model">The requests; their links are written into it.</param>
    /// <param name="foreign">Identifiers of conversations that belong to other trains.</param>
    public static TrainLinks Link(TrainModel model, HashSet<Guid> foreign)
    {
        var links = new TrainLinks(model, foreign);
        var prompt = 0;
        for (var place = 0; place < model.Count; place++)
        {
            ref var row = ref model[place];
            (row.Conversation, row.Branch, row.Parent, row.ParentTask, row.RetryOf) = (-1, links._main, -1, -1, -1);
            row.Kind = null;
            row.Traits &= ~(RowTraits.IsSubtask | RowTraits.BranchTaken);
            if (row.Traits.HasFlag(RowTraits.Linked))
            {
                links.Place(place, ref row);
            }

            for (; prompt < model.Prompts.Count && model.Prompts[prompt].Row == place; prompt++)
            {
                links.Offer(prompt);
            }
        }

        return links;
    }

    public Guid Id(int place) => place < 0 ? Guid.Empty : Model[place].Id;

    /// <summary>The conversation by the rules; empty where the request takes no part.</summary>
    public Guid ConversationOf(int place)
        => Model[place].Conversation is >= 0 and var conversation ? _conversations[conversation] : Guid.Empty;

    public int? DistanceOf(int place)
    {
        ref var row = ref Model[place];
        return row.Kind is LinkKind.Retry ? DistanceOf(row.RetryOf) : IsBelow(row.Kind) ? row.Distance : null;
    }

    public int? CandidatesOf(int place) => IsBelow(Model[place].Kind) ? Model[place].Candidates : null;

    public bool ClaimsBranch(int place)
        => IsBelow(Model[place].Kind) && !Model[place].Traits.HasFlag(RowTraits.Summarizer);

    /// <summary>What the request waits for beside the keys that were kept; null for nothing.</summary>
    public byte[]? SummaryWait(int place)
    {
        ref var row = ref Model[place];
        return row is { Summary: >= 0, Kind: LinkKind.Root or LinkKind.Continuation }
            ? LinkKeys.WaitForSummary(Model.Summaries[row.Summary].Key)
            : null;
    }

    private static bool IsBelow(LinkKind? kind)
        => kind is LinkKind.Exact or LinkKind.SystemChanged or LinkKind.Summarization or LinkKind.Ancestor;

    // The rules in their order. A known failure comes before a sub-task; silence comes after it.
    private void Place(int place, ref TrainRow row)
    {
        var (failed, silent) = Retried(ref row);
        if (failed >= 0)
        {
            PlaceAsRetry(ref row, failed);
        }
        else if (FreePrompt(ref row) is >= 0 and var prompt)
        {
            PlaceAsSubtask(place, ref row, prompt);
        }
        else if (silent >= 0)
        {
            PlaceAsRetry(ref row, silent);
        }
        else if (row.Beginning >= 0)
        {
            PlaceBelow(ref row);
        }
        else if (row.Summary >= 0 && Model.Summaries[row.Summary].Found is >= 0 and var summary)
        {
            PlaceAsContinuation(ref row, summary);
        }
        else
        {
            PlaceAsRoot(ref row);
        }
    }

    private (int Failed, int Silent) Retried(ref TrainRow row)
    {
        var silent = -1;
        var isOpening = row.Opening >= 0;
        for (var place = row.Same; place >= 0; place = Model[place].Same)
        {
            ref var earlier = ref Model[place];
            var isRecent = earlier.Time >= row.Time - _retryWindow;
            if (isOpening && !isRecent)
            {
                break;
            }

            if (earlier.System != row.System || earlier.Model != row.Model)
            {
                continue;
            }

            var isSilent = earlier.AnsweredAt > row.Time && earlier.User >= 0 && earlier.User == row.User;
            if ((isRecent && earlier.Traits.HasFlag(RowTraits.Failed) && earlier.AnsweredAt <= row.Time)
                || (!isOpening && (earlier.Parent >= 0 || (isRecent && isSilent))))
            {
                return (place, -1);
            }

            if (silent < 0 && isSilent)
            {
                silent = place;
            }
        }

        return (-1, isOpening ? silent : -1);
    }

    private void PlaceAsRetry(ref TrainRow row, int earlier)
    {
        var place = Model[earlier].RetryOf is >= 0 and var retried ? retried : earlier;
        ref var first = ref Model[place];
        Take(ref row, first.Conversation, first.Branch, first.Parent, LinkKind.Retry);
        row.RetryOf = place;
        row.ParentTask = first.ParentTask;
        row.Traits |= first.Traits & RowTraits.IsSubtask;
    }

    // The newest that nobody took; of one answer, the first.
    private int FreePrompt(ref TrainRow row)
    {
        if (row.Opening < 0 || !_freePrompts.TryGetValue(Model.Openings[row.Opening], out var prompts) || prompts.Count == 0)
        {
            return -1;
        }

        var newest = Model.Prompts[prompts[^1]].Row;
        if (Model[newest].Time < row.Time - _subtaskWindow)
        {
            return -1;
        }

        var first = prompts.Count - 1;
        while (first > 0 && Model.Prompts[prompts[first - 1]].Row == newest)
        {
            first--;
        }

        var prompt = prompts[first];
        prompts.RemoveAt(first);
        return prompt;
    }

    private void PlaceAsSubtask(int place, ref TrainRow row, int prompt)
    {
        var taken = Model.Prompts[prompt];
        taken.Subtask = place;
        Model.Prompts[prompt] = taken;

        var conversation = Model[taken.Row].Conversation;
        var number = _lastSubtasks.GetValueOrDefault(conversation) + 1;
        _lastSubtasks[conversation] = number;
        Take(ref row, conversation, Model.Word(BranchNames.Subtask(number)), taken.Row, LinkKind.Subtask);
        row.ParentTask = taken.Row;
        row.Traits |= RowTraits.IsSubtask;
    }

    private void PlaceBelow(ref TrainRow row)
    {
        ref var parent = ref Model[row.Beginning];

        // A request and its retries count as one.
        ref var first = ref parent.RetryOf >= 0 ? ref Model[parent.RetryOf] : ref parent;
        var branch = parent.Branch;
        if (!row.Traits.HasFlag(RowTraits.Summarizer))
        {
            if (first.Traits.HasFlag(RowTraits.BranchTaken))
            {
                branch = FreeName(parent.Conversation, BranchNames.Fork(PostgresTime.Of(row.Time)));
            }

            first.Traits |= RowTraits.BranchTaken;
        }

        var isSame = row.Traits.HasFlag(RowTraits.SameSystem);
        Take(ref row, parent.Conversation, branch, row.Beginning,
            row.Distance > 1 ? LinkKind.Ancestor
            : isSame ? LinkKind.Exact
            : row.Traits.HasFlag(RowTraits.Summarizer) ? LinkKind.Summarization
            : LinkKind.SystemChanged);
        row.ParentTask = parent.ParentTask;
        row.Traits |= parent.Traits & RowTraits.IsSubtask;
    }

    private void PlaceAsContinuation(ref TrainRow row, int place)
    {
        ref var summary = ref Model[place];
        var branch = FreeName(summary.Conversation, BranchNames.Continuation(PostgresTime.Of(row.Time)));
        Take(ref row, summary.Conversation, branch, place, LinkKind.Continuation);
        row.ParentTask = summary.ParentTask;
        row.Traits |= summary.Traits & RowTraits.IsSubtask;
    }

    // The identifier that is stored stays, and goes to the earliest root that has it.
    private void PlaceAsRoot(ref TrainRow row)
    {
        var id = Model.StoredConversation(row.StoredConversation);
        if (id == Guid.Empty || _foreign.Contains(id) || !_given.Add(id))
        {
            id = row.Id;
            do
            {
                id = LinkKeys.Conversation(Model.TrainId, id);
            }
            while (_foreign.Contains(id) || !_given.Add(id));

            NewConversations.Add(id);
        }

        _conversations.Add(id);
        Take(ref row, _conversations.Count - 1, _main, -1, LinkKind.Root);
    }

    private static void Take(ref TrainRow row, int conversation, int branch, int parent, LinkKind kind)
        => (row.Conversation, row.Branch, row.Parent, row.Kind) = (conversation, branch, parent, kind);

    private int FreeName(int conversation, string name)
    {
        for (var n = 1; ; n++)
        {
            var branch = Model.Word(BranchNames.Numbered(name, n));
            if (_names.Add((conversation, branch)))
            {
                return branch;
            }
        }
    }

    private void Offer(int prompt)
    {
        var offered = Model.Prompts[prompt];
        offered.Subtask = -1;
        Model.Prompts[prompt] = offered;
        if (!_freePrompts.TryGetValue(offered.Prompt, out var prompts))
        {
            _freePrompts[offered.Prompt] = prompts = [];
        }

        prompts.Add(prompt);
    }
}
