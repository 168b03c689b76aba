using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using Npgsql;

namespace Nexus.Data.Totals;

/// <summary>The statements that keep the words to search by.</summary>
internal static class WordStatements
{
    // Whose words have to be there.
    private const string SaysSomething = "(r.body IS NOT NULL OR r.response_body <> 'null')";

    private const string Given =
        "unnest(@said, @said_trains, @said_times, @said_texts) AS w (request_id, train_id, \"timestamp\", text)";

    private const string Words = "w.request_id, w.train_id, w.\"timestamp\", to_tsvector('simple', w.text)";

    /// <summary>Writes the words of requests, again where the answer came.</summary>
    public const string Write =
        $"""
        INSERT INTO request_words (request_id, train_id, "timestamp", words) SELECT {Words} FROM {Given}
        ON CONFLICT (request_id) DO UPDATE SET words = excluded.words;

        """;

    /// <summary>Removes the words of requests that go.</summary>
    public const string Delete = "DELETE FROM request_words WHERE request_id = ANY (@silenced);\n";

    /// <summary>A train's requests since some time whose words are not there, and words whose request, or what it said, is
    /// not.</summary>
    public const string CountWrong =
        $"""
        SELECT (SELECT count(*) FROM api_requests r
                WHERE r.train_id = @train AND r."timestamp" >= @from AND {SaysSomething}
                  AND NOT EXISTS (SELECT FROM request_words w WHERE w.request_id = r.request_id))
               + (SELECT count(*) FROM request_words w WHERE w.train_id = @train AND w."timestamp" >= @from AND {IsLeft})
        """;

    /// <summary>The next requests of a train whose words are not there, with what these are made of.</summary>
    public const string FindMissing =
        $"""
        SELECT r.request_id, r."timestamp", convert_to(r.body::text, 'UTF8'), convert_to(r.response_body::text, 'UTF8')
        FROM api_requests r
        WHERE r.train_id = @train AND (r."timestamp", r.request_id) > (@after_time, @after_id) AND {SaysSomething}
          AND NOT EXISTS (SELECT FROM request_words w WHERE w.request_id = r.request_id OFFSET 0)
        ORDER BY r."timestamp", r.request_id LIMIT @limit
        """;

    /// <summary>Adds words that are missing, unless somebody wrote them meanwhile, or removed what was said.</summary>
    public const string AddMissing =
        $"""
        INSERT INTO request_words (request_id, train_id, "timestamp", words)
        SELECT {Words}
        FROM {Given} JOIN (
            SELECT r.request_id FROM api_requests r
            WHERE r.request_id = ANY (@said) AND {SaysSomething} ORDER BY r.request_id FOR SHARE) stored USING (request_id)
        ON CONFLICT (request_id) DO NOTHING
        """;

    /// <summary>Removes what is left of requests that went, or whose bodies did.</summary>
    public const string DeleteLeft = $"DELETE FROM request_words w WHERE w.train_id = @train AND {IsLeft}";

    private const string IsLeft =
        $"NOT EXISTS (SELECT FROM api_requests r WHERE r.request_id = w.request_id AND {SaysSomething})";

    /// <summary>Requests to write the words of.</summary>
    public static IEnumerable<NpgsqlParameter> Parameters(IReadOnlyList<ApiRequest> requests)
        => Parameters([.. requests.Select(request =>
            (request.RequestId, request.TrainId, request.Timestamp, SearchedText.Of(request)))]);

    /// <summary>The same, of texts.</summary>
    public static IEnumerable<NpgsqlParameter> Parameters(
        IReadOnlyList<(Guid RequestId, string TrainId, DateTimeOffset Timestamp, string Text)> requests) =>
    [
        DbCommands.Uuids("said", [.. requests.Select(request => request.RequestId)]),
        DbCommands.Texts("said_trains", [.. requests.Select(request => request.TrainId)]),
        DbCommands.Times("said_times", [.. requests.Select(request => request.Timestamp)]),
        DbCommands.Texts("said_texts", [.. requests.Select(request => request.Text)]),
    ];
}
