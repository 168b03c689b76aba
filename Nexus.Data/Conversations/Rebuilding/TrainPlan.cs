using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>What differs between what is stored of a train and what the rules say.</summary>
internal sealed class TrainPlan
{
    private const int MostMoves = 10;

    private TrainPlan(TrainLinks links) => Links = links;

    public TrainLinks Links { get; }

    /// <summary>Places of requests whose rows differ, in their order.</summary>
    public List<int> Rows { get; } = [];

    /// <summary>Places of requests whose waits, keys or prompts differ.</summary>
    public List<int> Waits { get; } = [];

    public List<int> Keys { get; } = [];

    public List<int> Prompts { get; } = [];

    /// <summary>Since when requests have to be read again, for their keys were not kept; null for none.</summary>
    public long? ReadAgainFrom { get; private set; }

    public bool IsEmpty => Rows.Count + Waits.Count + Keys.Count + Prompts.Count == 0;

    public static TrainPlan Make(TrainLinks links, StoredDetails stored, int? limit, IReadOnlySet<Guid>? ids)
    {
        var plan = new TrainPlan(links);
        var model = links.Model;
        var prompt = 0;
        var changed = 0;
        for (var place = 0; place < model.Count; place++)
        {
            var firstPrompt = prompt;
            while (prompt < model.Prompts.Count && model.Prompts[prompt].Row == place)
            {
                prompt++;
            }

            ref var row = ref model[place];
            if ((ids is not null && !ids.Contains(row.Id)) || changed == limit)
            {
                continue;
            }

            var before = plan.Rows.Count + plan.Waits.Count + plan.Keys.Count + plan.Prompts.Count;
            if (plan.Differs(place, ref row))
            {
                plan.Rows.Add(place);
            }

            plan.CompareDetails(place, ref row, stored);
            if (plan.PromptsDiffer(ref row, firstPrompt, prompt, stored))
            {
                plan.Prompts.Add(place);
            }

            changed += plan.Rows.Count + plan.Waits.Count + plan.Keys.Count + plan.Prompts.Count > before ? 1 : 0;
        }

        return plan;
    }

    public ulong WaitsOf(int place)
    {
        ref var row = ref Links.Model[place];
        return row.Kind is null or LinkKind.Retry ? 0
            : row.Waits + (Links.SummaryWait(place) is { } wait ? LinkFacts.Sum(wait) : 0);
    }

    /// <summary>Whether parent_message_hash is missing and can be told.</summary>
    public bool FillsParentHash(ref TrainRow row)
        => !row.Traits.HasFlag(RowTraits.HasParentHash) && row.Kind switch
        {
            null or LinkKind.Subtask => false,
            LinkKind.Continuation => Links.Model[row.Parent].Traits.HasFlag(RowTraits.HasCompatibleHash),
            _ => row.Traits.HasFlag(RowTraits.ComputedParentHash),
        };

    public RebuiltTrain Report()
    {
        var model = Links.Model;
        var before = new HashSet<int>();
        var branchesBefore = new HashSet<(int, int)>();
        var branches = new HashSet<(int, int)>();
        var pairs = new Dictionary<(Guid From, Guid To), long>();
        var (orphansBefore, orphans) = (0L, 0L);
        for (var place = 0; place < model.Count; place++)
        {
            ref var row = ref model[place];
            var (stored, conversation) = (model.StoredConversation(row.StoredConversation), Links.ConversationOf(place));
            if (row.StoredConversation >= 0)
            {
                before.Add(row.StoredConversation);
                branchesBefore.Add((row.StoredConversation, row.StoredBranch));
            }

            if (row.Conversation >= 0)
            {
                branches.Add((row.Conversation, row.Branch));
            }

            if (stored != Guid.Empty || conversation != Guid.Empty)
            {
                pairs[(stored, conversation)] = pairs.GetValueOrDefault((stored, conversation)) + 1;
            }

            orphansBefore += row.Traits.HasFlag(RowTraits.StoredOrphan) ? 1 : 0;
            orphans += row.Kind is LinkKind.Root && row.Counted > 1 ? 1 : 0;
        }

        var known = pairs.Keys.Where(pair => pair.From != Guid.Empty && pair.To != Guid.Empty).ToList();
        return new()
        {
            TrainId = model.TrainId,
            Requests = model.Count,
            Before = new(before.Count, branchesBefore.Count, orphansBefore),
            After = new(Links.ConversationIds.Count, branches.Count, orphans),
            Merged = known.GroupBy(pair => pair.To).Count(group => group.Count() > 1),
            Split = known.GroupBy(pair => pair.From).Count(group => group.Count() > 1),
            Changes = new RequestChanges(this),
            ChangedDetails = Waits.Concat(Keys).Concat(Prompts).Distinct().Count(),
            LargestMoves =
            [
                .. pairs.Where(pair => pair.Key.From != pair.Key.To)
                    .OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key.To).Take(MostMoves)
                    .Select(pair => new ConversationMove(Known(pair.Key.From), Known(pair.Key.To), pair.Value)),
            ],
        };
    }

    private static Guid? Known(Guid id) => id == Guid.Empty ? null : id;

    private bool Differs(int place, ref TrainRow row)
        => row.Traits.HasFlag(RowTraits.HashesDiffer)
           || (row.Kind is null
               ? row.Traits.HasFlag(RowTraits.StoredPlace)
               : FillsParentHash(ref row) || LinkDigest.Linked(Links, place) != row.StoredLink);

    private void CompareDetails(int place, ref TrainRow row, StoredDetails stored)
    {
        var (waits, keys) = (WaitsOf(place), row.Keys);
        var waitsDiffer = stored.WaitsOf(row.Id) != waits;
        var keysDiffer = stored.KeysOf(row.Id) != keys;
        if (waitsDiffer)
        {
            Waits.Add(place);
        }

        if (keysDiffer)
        {
            Keys.Add(place);
        }

        if (row.Details == 0 && ((waitsDiffer && waits != 0) || (keysDiffer && keys != 0)))
        {
            ReadAgainFrom = Math.Min(ReadAgainFrom ?? row.Time, row.Time);
        }
    }

    private bool PromptsDiffer(ref TrainRow row, int first, int end, StoredDetails stored)
    {
        var there = stored.PromptsOf(row.Id);
        if (there.Count != end - first)
        {
            return true;
        }

        for (var i = first; i < end; i++)
        {
            var (prompt, other) = (Links.Model.Prompts[i], there[i - first]);
            if (prompt.Ordinal != other.Ordinal || prompt.ToolUseId != other.ToolUseId
                || prompt.Prompt != Digest.Of(other.Hash) || Links.Id(prompt.Subtask) != other.Subtask)
            {
                return true;
            }
        }

        return false;
    }
}
