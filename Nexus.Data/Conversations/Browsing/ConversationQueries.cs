using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;

namespace Nexus.Data.Conversations.Browsing;

/// <summary>
/// Looks at conversations: lists of them, one whole, one request of it, and how two requests differ. Reads only. Whether the
/// caller may see them is not asked.
/// </summary>
public sealed partial class ConversationQueries
{
    /// <summary>The most conversations on a page.</summary>
    public const int LongestPage = 500;

    private readonly UnitOfWork _work;

    /// <summary>Creates the queries.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    public ConversationQueries(IDbContextFactory<NexusDbContext> contexts)
        : this(new UnitOfWork(contexts))
    {
    }

    private ConversationQueries(UnitOfWork work) => _work = work;

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public ConversationQueries In(NexusDbContext db) => new(new UnitOfWork(db));

    /// <summary>
    /// Conversations with their statistics, the one with the latest request first; of several at one time, that with the
    /// greatest identifier.
    /// </summary>
    /// <remarks>A conversation that gets a request while somebody pages moves to the list's head: the pages that follow do not
    /// show it, and none twice.</remarks>
    /// <param name="filter">Which conversations, the same for every page; null for all.</param>
    /// <param name="cursor">What the page before named as the next; null for the first.</param>
    /// <param name="limit">The most conversations, 1 to <see cref="LongestPage"/>.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="NexusDataException">The cursor is none of this list and filter, the filter's time ends before it
    /// begins, or its text has no word (validation).</exception>
    public Task<Page<ConversationOverview>> ListAsync(
        ConversationFilter? filter = null, string? cursor = null, int limit = 100,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, LongestPage);

        filter ??= new();
        filter = filter with { Text = TextField.Optional(filter.Text, LongestSearch, "search") };
        ThrowIfReversed(filter.From, filter.To);

        var place = PlaceOf(filter);
        var (sql, parameters) = ConversationStatements.List(filter, place.Read(cursor), limit + 1);
        return _work.ReadAsync(
            async (db, token) =>
            {
                var parts = await db.ReadAllAsync(
                    sql, [.. parameters.Select(parameter => parameter.Clone())], ConversationPart.Read, token);
                var conversations = ConversationPart.ByConversation(parts);
                if (conversations.Count == 0 && cursor is null && filter.Text is { } words)
                {
                    await ThrowIfWordlessAsync(db, words, token);
                }

                return new Page<ConversationOverview>(
                    [.. conversations.Take(limit)],
                    place.Next(conversations, limit, last => [last.OrderedAt, last.ConversationId, last.TrainId]));
            },
            cancellationToken);
    }

    internal static PageCursor PlaceOf(ConversationFilter filter) => new(
        "conversations", filter.TrainId, filter.AccountId, filter.Model, filter.From, filter.To, filter.HasSubtasks,
        filter.HasForks, filter.Text);

    private static void ThrowIfReversed(DateTimeOffset? from, DateTimeOffset? to)
    {
        if (to < from)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"The list would end ({to:O}) before it begins ({from:O}). Exchange the two times.");
        }
    }
}
