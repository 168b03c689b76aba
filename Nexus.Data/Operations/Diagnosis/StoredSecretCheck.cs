using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Nexus.Data.Masking;
using Nexus.Data.Persistence;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Secrets in clear in requests that are stored: of each train the newest, for some seconds.</summary>
internal sealed class StoredSecretCheck(SecretMasker masker) : IDatabaseCheck
{
    private const int MostTold = 20;

    // Less than what the doctor gives, so that what was looked at by then is told.
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(6);

    // Of each train the newest by its index, trains in turn, as far as one comes.
    private static readonly string _newest =
        $"""
        SELECT r.train_id, r.request_id, r.headers::text, r.response_headers::text, r.path, r.error,
               r.body::text, r.response_body::text, r.body_original, r.response_body_original,
               r.usage_data::text, r.task_tool_invocation::text,
               (SELECT json_agg(chunk.data ORDER BY chunk.chunk_index)::text FROM streaming_chunks chunk
                WHERE chunk.request_id = r.request_id)
        FROM {DistinctTrains.In("api_requests")} train, LATERAL (
            SELECT * FROM api_requests newest WHERE newest.train_id = train.id
            ORDER BY newest."timestamp" DESC, newest.request_id DESC LIMIT 1000) r
        """;

    private static readonly string[] _columns =
        [
            "headers", "response_headers", "path", "error", "body", "response_body", "body", "response_body", "usage_data",
            "task_tool_invocation", "streaming_chunks",
        ];

    public string Name => "stored-secrets";

    public string Purpose => "Looks for secrets in clear in the newest requests of each train, by the rules of masking.";

    public Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
        => db.ReadAsync(_newest, [], ScanAsync, cancellationToken);

    private async Task<CheckResult> ScanAsync(DbDataReader reader, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var (scanned, affected, told) = (0L, 0L, new List<string>());
        while (clock.Elapsed < _limit && await reader.ReadAsync(cancellationToken))
        {
            scanned++;
            var found = Find(reader).Distinct().ToList();
            affected += found.Count > 0 ? 1 : 0;
            told.AddRange(found.Take(MostTold - told.Count).Select(place => $"{reader.GetGuid(1)}: {place}"));
        }

        return affected == 0
            ? CheckResult.Ok(string.Create(
                CultureInfo.InvariantCulture, $"No secret was found in {scanned:N0} of the newest requests."))
            : CheckResult.Warning(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{affected:N0} of {scanned:N0} of the newest requests hold secrets in clear."),
                "Record by RequestRecorder or RequestIngestQueue, which mask; revoke the secrets; remove bodies with "
                + "'nexus-data prune --payload-only', or export, import into another database, which masks, and go on there.",
                told);
    }

    // What is found, and where; never what it is.
    private IEnumerable<string> Find(DbDataReader reader)
    {
        var train = reader.GetString(0);
        for (var column = 0; column < _columns.Length; column++)
        {
            if (reader.IsDBNull(column + 2))
            {
                continue;
            }

            var name = _columns[column];
            var json = reader.GetFieldType(column + 2) == typeof(byte[])
                ? reader.GetFieldValue<byte[]>(column + 2)
                : name is "path" or "error"
                    ? JsonSerializer.SerializeToUtf8Bytes(reader.GetString(column + 2))
                    : Encoding.UTF8.GetBytes(reader.GetString(column + 2));
            foreach (var finding in masker.Find(train, json))
            {
                yield return $"{finding.Kind} in {name}{finding.Place}";
            }
        }
    }
}
