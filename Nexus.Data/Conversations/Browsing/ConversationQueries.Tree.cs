using Nexus.Data.Persistence;

namespace Nexus.Data.Conversations.Browsing;

public sealed partial class ConversationQueries
{
    /// <summary>The most requests that a tree holds.</summary>
    public const int LargestTree = 20_000;

    /// <summary>A conversation whole, without bodies.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="trainId">The train whose requests of it are looked at, by its slug; null for all.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>Its earliest requests, <see cref="LargestTree"/> at most; null where there is none.</returns>
    public Task<ConversationTree?> GetAsync(
        Guid conversationId, string? trainId = null, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) =>
            {
                var requests = await db.ReadAllAsync(
                    ConversationStatements.Tree(trainId is not null),
                    trainId is null
                        ? [DbCommands.Uuid("conversation", conversationId)]
                        : [DbCommands.Uuid("conversation", conversationId), DbCommands.Sought("train", trainId)],
                    ConversationNode.Read, token);
                var isCut = requests.Count > LargestTree;
                return requests.Count == 0
                    ? null
                    : new ConversationTree(conversationId, isCut ? requests[..LargestTree] : requests, isCut);
            },
            cancellationToken);
}
