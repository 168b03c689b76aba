using System.Text;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;

namespace Nexus.Data.Recording;

/// <summary>What of a request is stored already as it is given.</summary>
/// <param name="IsSameCall">Train and body are the same.</param>
/// <param name="IsSameTime">The time is the same.</param>
/// <param name="IsSameAnswer">Status, error and body of the answer are the same.</param>
internal readonly record struct StoredContent(bool IsSameCall, bool IsSameTime, bool IsSameAnswer)
{
    /// <summary>Compares requests with the rows of their identifiers, as JSON values where they are such.</summary>
    /// <returns>By their places; nothing for those that are not stored.</returns>
    public static async Task<Dictionary<int, StoredContent>> CompareAsync(
        DbContext db, IReadOnlyCollection<ApiRequest> requests, CancellationToken cancellationToken)
    {
        if (requests.Count == 0)
        {
            return [];
        }

        var rows = await db.ReadAllAsync(
            """
            SELECT i.place::integer - 1,
                   r.train_id = i.train_id AND r.body IS NOT DISTINCT FROM i.body::jsonb
                   AND r.body_original IS NOT DISTINCT FROM i.body_original,
                   r."timestamp" = i."timestamp",
                   r.response_body IS NOT DISTINCT FROM i.response_body::jsonb
                   AND r.response_body_original IS NOT DISTINCT FROM i.response_body_original
                   AND r.response_status IS NOT DISTINCT FROM i.response_status
                   AND r.error IS NOT DISTINCT FROM i.error
            FROM unnest(@ids, @trains, @times, @bodies, @originals, @answers, @answer_originals, @statuses, @errors)
                 WITH ORDINALITY
                 AS i (request_id, train_id, "timestamp", body, body_original, response_body, response_body_original,
                       response_status, error, place)
            JOIN api_requests r USING (request_id)
            """,
            [
                DbCommands.Uuids("ids", [.. requests.Select(request => request.RequestId)]),
                DbCommands.Texts("trains", [.. requests.Select(request => request.TrainId)]),
                DbCommands.Times("times", [.. requests.Select(request => request.Timestamp)]),
                DbCommands.Texts("bodies", [.. requests.Select(request => Text(request.Body))]),
                DbCommands.BytesList("originals", [.. requests.Select(request => request.BodyOriginal)]),
                DbCommands.Texts("answers", [.. requests.Select(request => Text(request.ResponseBody))]),
                DbCommands.BytesList("answer_originals", [.. requests.Select(request => request.ResponseBodyOriginal)]),
                DbCommands.Numbers("statuses", [.. requests.Select(request => request.ResponseStatus)]),
                DbCommands.Texts("errors", [.. requests.Select(request => request.Error)]),
            ],
            reader => (
                Place: reader.GetInt32(0),
                Content: new StoredContent(reader.GetBoolean(1), reader.GetBoolean(2), reader.GetBoolean(3))),
            cancellationToken);
        return rows.ToDictionary(row => row.Place, row => row.Content);
    }

    /// <summary>Bytes of stored bodies, compressed as they are, by identifier.</summary>
    public static async Task<Dictionary<Guid, long>> SizesAsync(
        DbContext db, Guid[] requestIds, CancellationToken cancellationToken)
    {
        var rows = await db.ReadAllAsync(
            """
            SELECT request_id, coalesce(pg_column_size(body), 0)::bigint + coalesce(pg_column_size(body_original), 0)
            FROM api_requests WHERE request_id = ANY (@ids)
            """,
            [DbCommands.Uuids("ids", requestIds)],
            reader => (Id: reader.GetGuid(0), Bytes: reader.GetInt64(1)), cancellationToken);
        return rows.ToDictionary(row => row.Id, row => row.Bytes);
    }

    private static string? Text(byte[]? json) => json is null ? null : Encoding.UTF8.GetString(json);
}
