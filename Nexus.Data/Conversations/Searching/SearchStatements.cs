using System.Globalization;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Conversations.Searching;

/// <summary>The statements that search requests by words.</summary>
/// <remarks>
/// Whether words are rare or frequent decides how they are looked for, and statistics do not know it of words together: so the
/// index of words is asked first, for some thousands. Where it has no more, these are all. Where it has, requests are looked at
/// from the newest on, until a page is full.
/// </remarks>
internal static class SearchStatements
{
    /// <summary>More hits than these are not sorted.</summary>
    public const int MostSorted = 5_000;

    /// <summary>Whether the hits of <see cref="Few"/> are all.</summary>
    public static readonly string AreAll = string.Create(CultureInfo.InvariantCulture, $"(SELECT count(*) FROM few) <= {MostSorted}");

    /// <summary>Whether there are more hits than <see cref="Few"/>.</summary>
    public static readonly string AreMore = $"NOT ({AreAll})";

    /// <summary>What request_words as w have to hold, by no index of words: a CASE is for none, and is taken to be true of every
    /// second row.</summary>
    public const string Holds = $"w.words <> '' AND CASE WHEN w.words @@ {Sought} THEN true END";

    /// <summary>Whether a search has a word at all.</summary>
    public const string HasWords = $"SELECT numnode({Query}) > 0";

    /// <summary>The passages that match.</summary>
    public static readonly string Excerpts =
        $"""
        SELECT ts_headline('simple', t.text, {Query},
               'MaxFragments=2, MinWords=8, MaxWords=24, FragmentDelimiter=" … ", StartSel="{SearchExcerpt.Start}", StopSel="{SearchExcerpt.Stop}"')
        FROM unnest(@texts) WITH ORDINALITY AS t (text, place) ORDER BY t.place
        """;

    private const string Query = "websearch_to_tsquery('simple', @words)";

    // A value that is not known when plans are made, so that they are those of rare words: by the index.
    private const string Sought = "(SELECT query FROM sought)";

    /// <summary>The common table expressions <c>sought</c>, the search, and <c>few</c>, hits as the index gives them: one more
    /// than are sorted.</summary>
    /// <param name="conditions">Further conditions on request_words as w, each begun with AND.</param>
    public static string Few(string conditions) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        sought AS MATERIALIZED (SELECT {Query} AS query),
        few AS MATERIALIZED (
            SELECT w.request_id, w."timestamp" FROM request_words w
            WHERE w.words <> '' AND w.words @@ {Sought}{conditions} LIMIT {MostSorted + 1})
        """);

    /// <summary>A page of hits, latest first, each with its request; that one is null where another program removed it.</summary>
    /// <param name="filter">Where is searched.</param>
    /// <param name="after">Where the page before ended; null for the first.</param>
    /// <param name="limit">The most hits. In the text, for the planner knows no other number.</param>
    public static (string Sql, List<NpgsqlParameter> Parameters) Search(SearchFilter filter, PageCursor.Key? after, int limit)
    {
        var parameters = new List<NpgsqlParameter>();
        var conditions = TrainAndTime.Conditions(
            "w", "\"timestamp\"", filter.TrainId, filter.From, filter.To, parameters);
        var page = "";
        if (after is not null)
        {
            parameters.Add(DbCommands.Time("after_time", after.Time(0)));
            parameters.Add(DbCommands.Uuid("after_id", after.Id(1)));
            page = " AND (w.\"timestamp\", w.request_id) < (@after_time, @after_id)";
        }

        // OFFSET 0: of each hit its request by the key.
        var sql = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            WITH {Few(conditions)},
            found AS MATERIALIZED (
                (SELECT w.request_id, w."timestamp" FROM few w WHERE {AreAll}{page} {Order} LIMIT {limit})
                UNION ALL
                (SELECT w.request_id, w."timestamp" FROM request_words w
                 WHERE {AreMore} AND {Holds}{conditions}{page} {Order} LIMIT {limit}))
            SELECT w.request_id, w."timestamp", r.train_id, r.conversation_id, r.branch_id, r.model,
                   convert_to(r.body::text, 'UTF8'), convert_to(r.response_body::text, 'UTF8')
            FROM found w
            LEFT JOIN LATERAL (SELECT * FROM api_requests r WHERE r.request_id = w.request_id OFFSET 0) r ON true
            {Order}
            """);
        return (sql, parameters);
    }

    private const string Order = "ORDER BY w.\"timestamp\" DESC, w.request_id DESC";
}
