using System.Data.Common;
using Nexus.Data.Conversations.Searching;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;

namespace Nexus.Data.Conversations.Browsing;

public sealed partial class ConversationQueries
{
    /// <summary>The most hits on a page: of each the bodies are read.</summary>
    public const int LongestSearchPage = 100;

    private const int LongestSearch = 1_000;

    /// <summary>Requests in which, or in whose answers, words are said; the latest first.</summary>
    /// <remarks>
    /// Searched is what is said behind the last answer that a request's body repeats, and in its own answer, of either at most
    /// 8,000 characters: not what tools were given or gave, thinking, or a client's reminders. Words count as they stand, without
    /// regard to case.
    /// </remarks>
    /// <param name="words">The words, all of which have to be there: <c>"in quotes"</c> next to each other, <c>or</c> between
    /// two for either, <c>-</c> before one that must not be there. At most 1,000 characters.</param>
    /// <param name="filter">Which requests, the same for every page; null for all.</param>
    /// <param name="cursor">What the page before named as the next; null for the first.</param>
    /// <param name="limit">The most hits, 1 to <see cref="LongestSearchPage"/>.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="NexusDataException">There is no word to search for, the cursor is none of this search, or the filter's
    /// time ends before it begins (validation).</exception>
    public Task<Page<SearchHit>> SearchAsync(
        string words, SearchFilter? filter = null, string? cursor = null, int limit = 20,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, LongestSearchPage);
        var sought = TextField.Required(words, LongestSearch, "search");
        filter ??= new();
        ThrowIfReversed(filter.From, filter.To);

        var place = new PageCursor("hits", sought, filter.TrainId, filter.From, filter.To);
        var (sql, parameters) = SearchStatements.Search(filter, place.Read(cursor), limit + 1);
        return _work.ReadAsync(
            async (db, token) =>
            {
                var found = await db.ReadAllAsync(
                    sql, [DbCommands.Text("words", sought), .. parameters.Select(parameter => parameter.Clone())], ReadHit,
                    token);
                if (found.Count == 0 && cursor is null)
                {
                    await ThrowIfWordlessAsync(db, sought, token);
                }

                var page = found.Take(limit).Where(row => row.Hit is not null).ToList();
                var excerpts = page.Count == 0
                    ? []
                    : await db.ReadAllAsync(
                        SearchStatements.Excerpts,
                        [DbCommands.Text("words", sought), DbCommands.Texts("texts", [.. page.Select(row => row.Text)])],
                        row => SearchExcerpt.Parts(row.GetString(0)), token);
                return new Page<SearchHit>(
                    [.. page.Zip(excerpts, (row, excerpt) => row.Hit! with { Excerpt = excerpt })],
                    place.Next(found, limit, row => [row.Time, row.Id]));
            },
            cancellationToken);
    }

    // A text of the row at a time: bodies may be large.
    private static (DateTimeOffset Time, Guid Id, SearchHit? Hit, string Text) ReadHit(DbDataReader row)
    {
        var (id, time) = (row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1));
        if (row.IsDBNull(2))
        {
            return (time, id, null, "");
        }

        var hit = new SearchHit
        {
            RequestId = id,
            Timestamp = time,
            TrainId = row.GetString(2),
            ConversationId = row.ValueOrNull<Guid>(3),
            BranchId = row.IsDBNull(3) ? null : row.TextOrNull(4),
            Model = row.TextOrNull(5),
            Excerpt = [],
        };
        return (time, id, hit, SearchExcerpt.Searched(SearchedText.Read(row, 6)));
    }

    private static async Task ThrowIfWordlessAsync(NexusDbContext db, string words, CancellationToken cancellationToken)
    {
        if (!await db.ReadAsync(
            SearchStatements.HasWords, [DbCommands.Text("words", words)],
            async (row, token) => await row.ReadAsync(token) && row.GetBoolean(0), cancellationToken))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation, $"There is no word in '{words}' to search for. Give letters or digits.");
        }
    }
}
