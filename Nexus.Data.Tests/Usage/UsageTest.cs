using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Usage;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Tests.Usage;

/// <summary>Requests as usage sees them, stored without a recorder, and their totals.</summary>
public abstract class UsageTest : ServiceTest
{
    protected static readonly DateTimeOffset Now = new(2025, 3, 30, 14, 37, 12, TimeSpan.Zero);

    private protected UsageQueries Usage
        => Service<UsageQueries>(services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(new StandingClock(Now))));

    private protected PriceTable Prices => Service<PriceTable>();

    /// <summary>A request an hour and some before now, which tests change.</summary>
    private protected static UsageRequest Request(double hoursAgo = 1.2, long output = 0) => new()
    {
        Timestamp = Now.AddHours(-hoursAgo),
        TrainId = "rail-club",
        AccountId = "acc-1",
        Model = "claude-3",
        RequestType = "inference",
        OutputTokens = (int)output,
    };

    /// <summary>Stores these requests and no others.</summary>
    private protected async Task StoreAsync(params IReadOnlyList<UsageRequest> requests)
    {
        await using var connection = new NpgsqlConnection(await AdministratorAsync());
        await connection.OpenAsync();
        await using (var truncate = new NpgsqlCommand("TRUNCATE api_requests CASCADE", connection))
        {
            await truncate.ExecuteNonQueryAsync();
        }

        await using (var import = await connection.BeginBinaryImportAsync(
            """
            COPY api_requests (request_id, train_id, "timestamp", method, path, headers, account_id, model, request_type,
                conversation_id, branch_id, is_subtask, retry_of_request_id, response_status, error, input_tokens, output_tokens,
                cache_creation_input_tokens, cache_read_input_tokens, tool_call_count, duration_ms, response_headers)
            FROM STDIN (FORMAT BINARY)
            """))
        {
            foreach (var row in requests)
            {
                await import.StartRowAsync();
                await import.WriteAsync(row.RequestId, NpgsqlDbType.Uuid);
                await import.WriteAsync(row.TrainId, NpgsqlDbType.Varchar);
                await import.WriteAsync(row.Timestamp.UtcDateTime, NpgsqlDbType.TimestampTz);
                await import.WriteAsync("POST", NpgsqlDbType.Varchar);
                await import.WriteAsync("/v1/messages", NpgsqlDbType.Varchar);
                await import.WriteAsync("{}", NpgsqlDbType.Jsonb);
                foreach (var (value, type) in ((object?, NpgsqlDbType)[])
                [
                    (row.AccountId, NpgsqlDbType.Varchar), (row.Model, NpgsqlDbType.Varchar),
                    (row.RequestType, NpgsqlDbType.Varchar), (row.ConversationId, NpgsqlDbType.Uuid),
                    (row.BranchId, NpgsqlDbType.Varchar), (row.IsSubtask, NpgsqlDbType.Boolean),
                    (row.RetryOf, NpgsqlDbType.Uuid), (row.Status, NpgsqlDbType.Integer), (row.Error, NpgsqlDbType.Text),
                    (row.InputTokens, NpgsqlDbType.Integer), (row.OutputTokens, NpgsqlDbType.Integer),
                    (row.CacheCreationTokens, NpgsqlDbType.Integer), (row.CacheReadTokens, NpgsqlDbType.Integer),
                    (row.ToolCalls, NpgsqlDbType.Integer), (row.DurationMs, NpgsqlDbType.Integer),
                    (row.ResponseHeaders, NpgsqlDbType.Jsonb),
                ])
                {
                    await (value is null ? import.WriteNullAsync() : import.WriteAsync(value, type));
                }
            }

            await import.CompleteAsync();
        }

        await RepairTotalsAsync();
    }
}

/// <summary>What usage looks at of a request.</summary>
internal sealed record UsageRequest
{
    public Guid RequestId { get; init; } = Guid.CreateVersion7();

    public required DateTimeOffset Timestamp { get; init; }

    public required string TrainId { get; init; }

    public string? AccountId { get; init; }

    public string? Model { get; init; }

    public string? RequestType { get; init; }

    public Guid? ConversationId { get; init; }

    public string? BranchId { get; init; }

    public bool? IsSubtask { get; init; }

    public Guid? RetryOf { get; init; }

    public int? Status { get; init; }

    public string? Error { get; init; }

    public int? InputTokens { get; init; }

    public int? OutputTokens { get; init; }

    public int? CacheCreationTokens { get; init; }

    public int? CacheReadTokens { get; init; }

    public int? ToolCalls { get; init; }

    public int? DurationMs { get; init; }

    public string? ResponseHeaders { get; init; }
}
