using System.Collections;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>The changes of a train, 32 bytes for each: a report may name every request.</summary>
internal sealed class RequestChanges : IReadOnlyList<RequestChange>
{
    private readonly Entry[] _entries;
    private readonly IReadOnlyList<Guid> _stored;
    private readonly IReadOnlyList<Guid> _conversations;
    private readonly IReadOnlyList<string> _words;

    /// <summary>The changes of the rows that a plan names.</summary>
    public RequestChanges(TrainPlan plan)
    {
        var model = plan.Links.Model;
        (_stored, _conversations, _words) = (model.StoredConversations, plan.Links.ConversationIds, model.Words);
        _entries = new Entry[plan.Rows.Count];
        for (var i = 0; i < _entries.Length; i++)
        {
            ref var row = ref model[plan.Rows[i]];
            _entries[i] = new(row.Id, row.StoredConversation, row.Conversation, row.StoredBranch, row.Branch);
        }
    }

    public int Count => _entries.Length;

    public RequestChange this[int index]
    {
        get
        {
            var (id, before, conversation, branchBefore, branch) = _entries[index];
            return new(
                id, before < 0 ? null : _stored[before], conversation < 0 ? null : _conversations[conversation],
                branchBefore < 0 ? null : _words[branchBefore], _words[branch]);
        }
    }

    public IEnumerator<RequestChange> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private readonly record struct Entry(Guid Id, int Before, int Conversation, int BranchBefore, int Branch);
}
