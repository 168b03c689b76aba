using Nexus.Data.Persistence;
using Nexus.Data.Totals;
using Npgsql;

namespace Nexus.Data.Usage;

/// <summary>The SQL of <see cref="UsageQueries"/>.</summary>
/// <remarks>
/// No statement looks at requests but in ranges of a train's time. The trains are those that the totals of the hours name, and
/// each range is a query of its own (LATERAL and OFFSET 0), so that the planner knows it for short.
/// </remarks>
internal static class UsageStatements
{
    public const string Prices =
        """
        SELECT model, valid_from, input_price, output_price, cache_creation_price, cache_read_price FROM model_prices
        """;

    public const string Refresh = "SELECT refresh_hourly_stats()";

    // The days with new prices, in order: what lies between two of them has the same prices.
    private const string PriceDays =
        "price_days AS MATERIALIZED (SELECT coalesce(array_agg(DISTINCT valid_from ORDER BY valid_from), '{}') AS days FROM model_prices)";

    /// <summary>Sums for each bucket and key, by model and days of the same prices.</summary>
    public static string Sums(TimeBuckets buckets, UsageFilter filter, UsageGroups groups)
    {
        var whole = buckets.Split.Length > 0 ? " AND h.hour <> ALL (@split)" : "";
        var parts = buckets.Split.Length > 0 ? $"UNION ALL\n{Parts(filter)}" : "";
        return
            $"""
            WITH {PriceDays}, cells AS (
                SELECT width_bucket(h.hour, @starts) - 1 AS bucket, h.train_id, h.account_id, h.model, h.request_type,
                       (h.hour AT TIME ZONE 'UTC')::date AS day, h.request_count, h.failed_count, h.input_tokens,
                       h.output_tokens, h.cache_creation_input_tokens, h.cache_read_input_tokens, h.tool_call_count,
                       h.duration_ms, h.timed_count
                FROM hourly_totals h
                WHERE {Hours(buckets.From, buckets.Until)}{whole}{OfTotals(filter)}
                {parts}
            )
            SELECT bucket, {Key(groups)}, model, {PricedFrom("day")}, sum(request_count)::bigint, sum(failed_count)::bigint,
                   sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cache_creation_input_tokens)::bigint,
                   sum(cache_read_input_tokens)::bigint, sum(tool_call_count)::bigint, sum(duration_ms)::bigint,
                   sum(timed_count)::bigint
            FROM cells
            GROUP BY 1, 2, 3, 4, 5, 6, 7
            HAVING sum(request_count) <> 0
            """;
    }

    public static List<NpgsqlParameter> Parameters(TimeBuckets buckets, UsageFilter filter)
    {
        var parameters = Parameters(filter);
        parameters.Add(DbCommands.Times("starts", buckets.Starts));
        if (buckets.From is { } from)
        {
            parameters.Add(DbCommands.Time("from", from));
        }

        if (buckets.Until is { } until)
        {
            parameters.Add(DbCommands.Time("until", until));
        }

        if (buckets.Split.Length > 0)
        {
            parameters.Add(DbCommands.Times("split", buckets.Split));
            parameters.Add(DbCommands.Times("split_from", buckets.SplitFrom));
            parameters.Add(DbCommands.Times("split_until", buckets.SplitUntil));
        }

        return parameters;
    }

    /// <summary>Output tokens by the points whose windows they come into and leave: each window begins at one of
    /// <c>@starts</c> and ends at the same of <c>@ends</c>.</summary>
    /// <param name="filter">Which requests.</param>
    /// <param name="isEndIncluded">Whether a window takes what lies at its end, or at its beginning.</param>
    /// <param name="withWarnings">Whether to count answers that warned of the provider's limit.</param>
    public static string Steps(UsageFilter filter, bool isEndIncluded, bool withWarnings)
        => $"""
            SELECT {Step("@ends", isEndIncluded)}, {Step("@starts", isEndIncluded)}, coalesce(sum(r.output_tokens), 0)::bigint,
                   {(withWarnings ? $"count(*) FILTER (WHERE {Warns})" : "0::bigint")}
            FROM {Trains(filter)}
            CROSS JOIN LATERAL (
                SELECT r."timestamp", r.output_tokens{(withWarnings ? ", r.response_headers" : "")}
                FROM api_requests r
                WHERE r.train_id = t.train_id AND {Range(isEndIncluded)}{OfRequests(filter)}
                OFFSET 0
            ) r
            GROUP BY 1, 2
            """;

    /// <summary>The same for each account that is known, with all that it used.</summary>
    public static string AccountSteps { get; } =
        $"""
        WITH {PriceDays}
        SELECT {Step("@ends", isEndIncluded: true)}, r.train_id, r.account_id, NULL::text, NULL::text, r.model,
               {PricedFrom("(r.\"timestamp\" AT TIME ZONE 'UTC')::date")}, count(*), sum(r.failed_count)::bigint,
               sum(r.input_tokens)::bigint, sum(r.output_tokens)::bigint, sum(r.cache_creation_input_tokens)::bigint,
               sum(r.cache_read_input_tokens)::bigint, sum(r.tool_call_count)::bigint, sum(r.duration_ms)::bigint,
               sum(r.timed_count)::bigint, {Step("@starts", isEndIncluded: true)}, max(r."timestamp")
        FROM {Trains(new())}
        CROSS JOIN LATERAL (
            SELECT r."timestamp", {Cell}
            FROM api_requests r
            WHERE r.train_id = t.train_id AND {Range(isEndIncluded: true)} AND r.account_id <> ''
            OFFSET 0
        ) r
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 17
        """;

    public static List<NpgsqlParameter> Parameters(IReadOnlyList<DateTimeOffset> ends, TimeSpan window, UsageFilter filter)
        =>
        [
            .. Parameters(filter), DbCommands.Times("ends", [.. ends]),
            DbCommands.Times("starts", [.. ends.Select(end => end - window)]),
            DbCommands.Time("first_hour", TimeBuckets.HourOf(ends[0] - window)), DbCommands.Time("from", ends[0] - window),
            DbCommands.Time("until", ends[^1]),
        ];

    /// <summary>Conversations that began in a time.</summary>
    public static string NewConversations(bool ofTrain, bool isOpen)
        => $"""
            SELECT count(*) FROM conversation_totals
            WHERE first_at >= @from{(isOpen ? "" : " AND first_at < @until")}{(ofTrain ? " AND train_id = @train" : "")}
            """;

    /// <summary>Conversations that went on since a time.</summary>
    public static string ActiveConversations(bool ofTrain)
        => $"SELECT count(*) FROM conversation_totals WHERE last_at >= @from{(ofTrain ? " AND train_id = @train" : "")}";

    /// <summary>Conversations by the bucket that they began in.</summary>
    public static string ConversationsByBucket(bool ofTrain)
        => $"""
            SELECT width_bucket(first_at, @starts) - 1, count(*) FROM conversation_totals
            WHERE first_at >= @from AND first_at < @until{(ofTrain ? " AND train_id = @train" : "")}
            GROUP BY 1
            """;

    public static List<NpgsqlParameter> Parameters(UsageFilter filter)
    {
        var parameters = new List<NpgsqlParameter>();
        Add("train", filter.TrainId);
        Add("account", filter.AccountId);
        Add("model", filter.Model);
        Add("type", filter.RequestType);
        return parameters;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                parameters.Add(DbCommands.Sought(name, value));
            }
        }
    }

    private const string Cell =
        $"""
        r.train_id, coalesce(r.account_id, '') AS account_id, coalesce(r.model, '') AS model,
        coalesce(r.request_type, '') AS request_type, {TotalsStatements.Values}
        """;

    // A header that came several times is a list.
    private const string Warns =
        """
        r.response_headers -> 'anthropic-ratelimit-unified-status' @> '"allowed_warning"'
        """;

    // What counts of the hours that a cut goes through.
    private static string Parts(UsageFilter filter)
        => $"""
            SELECT width_bucket(r."timestamp", @starts) - 1, r.train_id, r.account_id, r.model, r.request_type,
                   (r."timestamp" AT TIME ZONE 'UTC')::date, r.request_count, r.failed_count, r.input_tokens,
                   r.output_tokens, r.cache_creation_input_tokens, r.cache_read_input_tokens, r.tool_call_count,
                   r.duration_ms, r.timed_count
            FROM (
                SELECT DISTINCT s.since, s.until, h.train_id
                FROM unnest(@split, @split_from, @split_until) AS s (hour, since, until)
                JOIN hourly_totals h ON h.hour = s.hour
                WHERE true{OfTotals(filter)}
            ) s
            CROSS JOIN LATERAL (
                SELECT r."timestamp", {Cell}
                FROM api_requests r
                WHERE r.train_id = s.train_id AND r."timestamp" >= s.since AND r."timestamp" < s.until{OfRequests(filter)}
                OFFSET 0
            ) r
            """;

    private static string Trains(UsageFilter filter)
        => $"""
            (SELECT DISTINCT h.train_id FROM hourly_totals h
             WHERE h.hour >= @first_hour AND h.hour <= @until{OfTotals(filter)}) t
            """;

    private static string Hours(DateTimeOffset? from, DateTimeOffset? until)
        => (from, until) switch
        {
            (null, null) => "true",
            (null, _) => "h.hour < @until",
            (_, null) => "h.hour >= @from",
            _ => "h.hour >= @from AND h.hour < @until",
        };

    private static string Range(bool isEndIncluded)
        => isEndIncluded
            ? """r."timestamp" > @from AND r."timestamp" <= @until"""
            : """r."timestamp" >= @from AND r."timestamp" < @until""";

    // How many of the times the request lies behind: the first whose window it is in, or is no longer in.
    private static string Step(string times, bool isEndIncluded)
        => isEndIncluded
            ? $"""width_bucket(r."timestamp" - interval '1 microsecond', {times})"""
            : $"""width_bucket(r."timestamp", {times})""";

    private static string PricedFrom(string day)
        => $"(SELECT days FROM price_days)[width_bucket({day}, (SELECT days FROM price_days))]";

    private static string Key(UsageGroups groups)
    {
        return $"{Column("train_id", UsageGroups.Train)}, {Column("account_id", UsageGroups.Account)}, "
            + $"{Column("model", UsageGroups.Model)}, {Column("request_type", UsageGroups.RequestType)}";

        string Column(string name, UsageGroups group) => groups.HasFlag(group) ? name : "NULL::text";
    }

    private static string OfTotals(UsageFilter filter)
        => (filter.TrainId is null ? "" : " AND h.train_id = @train")
            + (filter.AccountId is null ? "" : " AND h.account_id = @account")
            + (filter.Model is null ? "" : " AND h.model = @model")
            + (filter.RequestType is null ? "" : " AND h.request_type = @type");

    private static string OfRequests(UsageFilter filter)
        => (filter.AccountId is null ? "" : " AND coalesce(r.account_id, '') = @account")
            + (filter.Model is null ? "" : " AND coalesce(r.model, '') = @model")
            + (filter.RequestType is null ? "" : " AND coalesce(r.request_type, '') = @type");
}
