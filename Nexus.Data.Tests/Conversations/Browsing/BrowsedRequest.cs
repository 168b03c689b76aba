using System.Text.Json;
using Nexus.Data.Requests;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Tests.Conversations.Browsing;

/// <summary>A row of requests as lists and trees look at it.</summary>
internal sealed record BrowsedRequest
{
    public required Guid Id { get; init; }

    public required string Train { get; init; }

    public required DateTimeOffset Timestamp { get; init; }

    public Guid? Conversation { get; init; }

    public string? Branch { get; init; }

    public string? Account { get; init; }

    public string? Model { get; init; }

    public bool? IsSubtask { get; init; }

    public Guid? RetryOf { get; init; }

    public Guid? Parent { get; init; }

    public int? Status { get; init; }

    public string? Error { get; init; }

    public int? Messages { get; init; }

    public int? Input { get; init; }

    public int? Output { get; init; }

    public int? CacheCreation { get; init; }

    public int? CacheRead { get; init; }

    public int? Tools { get; init; }

    /// <summary>What the user says; null for no body.</summary>
    public string? Said { get; init; }

    /// <summary>What the answer says; null for no body of it.</summary>
    public string? Answer { get; init; }

    /// <summary>Whether a word stands in it or in its answer.</summary>
    public bool Says(string word)
        => $"{Said} {Answer}".Split(' ').Contains(word, StringComparer.OrdinalIgnoreCase);

    public bool HasFailed => Error is not null || Status is < 200 or > 299;

    public string BranchOrMain => Branch ?? ApiRequest.MainBranch;

    /// <summary>The words that <see cref="Random"/> lets people say.</summary>
    public static readonly string[] Vocabulary =
        ["train", "station", "ticket", "signal", "delay", "platform", "bridge", "tunnel", "Zug", "Überweg", "quai", "semaphore"];

    /// <summary>Requests of some trains that share conversations, times and nearly everything else.</summary>
    public static List<BrowsedRequest> Random(int seed, int count)
    {
        var random = new Random(seed);
        string?[] branches = ["main", null, "branch_20250301120000", "branch_1", "subtask_1", "subtask_2", "compact_120000", "subtaskX"];
        var conversations = Enumerable.Range(0, Math.Max(2, count / 12)).Select(_ => Id()).ToList();
        return [.. Enumerable.Range(0, count).Select(_ => new BrowsedRequest
        {
            Id = Id(),
            Train = $"train-{random.Next(3)}",
            Timestamp = Bodies.Noon.AddMinutes(random.Next(count / 4)),
            Conversation = random.Next(15) == 0 ? null : conversations[random.Next(conversations.Count)],
            Branch = branches[Math.Min(random.Next(branches.Length), random.Next(branches.Length))],
            Account = Maybe() ? null : $"acc_{random.Next(3)}",
            Model = Maybe() ? null : $"model-{random.Next(3)}",
            IsSubtask = Maybe() ? null : random.Next(20) == 0,
            RetryOf = Maybe() ? Id() : null,
            Parent = Maybe() ? null : Id(),
            Status = Maybe() ? null : random.Next(4) == 0 ? random.Next(100, 600) : 200,
            Error = Maybe() ? "It broke." : null,
            Messages = Number(200),
            Input = Number(int.MaxValue),
            Output = Number(int.MaxValue),
            CacheCreation = Number(int.MaxValue),
            CacheRead = Number(int.MaxValue),
            Tools = Number(9),
            Said = Maybe() ? null : Words(),
            Answer = Maybe() ? null : Words(),
        })];

        Guid Id()
        {
            var bytes = new byte[16];
            random.NextBytes(bytes);
            return new(bytes);
        }

        // Most of them rare.
        string Words() => string.Join(
            ' ', Enumerable.Range(0, random.Next(6)).Select(_ => Vocabulary[Math.Min(random.Next(Vocabulary.Length), random.Next(Vocabulary.Length))]));

        bool Maybe() => random.Next(8) == 0;

        int? Number(int below) => Maybe() ? null : random.Next(below);
    }

    /// <summary>Stores requests, and nothing else that follows from them.</summary>
    public static async Task StoreAsync(NpgsqlConnection administrator, IEnumerable<BrowsedRequest> requests)
    {
        await using var import = await administrator.BeginBinaryImportAsync(
            """
            COPY api_requests (request_id, train_id, "timestamp", conversation_id, branch_id, account_id, model, is_subtask,
                retry_of_request_id, parent_request_id, response_status, error, message_count, input_tokens, output_tokens,
                cache_creation_input_tokens, cache_read_input_tokens, tool_call_count, method, path, headers, body,
                response_body)
            FROM STDIN (FORMAT binary)
            """);
        foreach (var request in requests)
        {
            object?[] row =
            [
                request.Id, request.Train, request.Timestamp.UtcDateTime, request.Conversation, request.Branch, request.Account,
                request.Model, request.IsSubtask, request.RetryOf, request.Parent, request.Status, request.Error,
                request.Messages, request.Input, request.Output, request.CacheCreation, request.CacheRead, request.Tools,
                "POST", "/v1/messages",
            ];
            await import.StartRowAsync();
            foreach (var value in row)
            {
                await (value is null ? import.WriteNullAsync() : import.WriteAsync(value));
            }

            await import.WriteAsync("{}", NpgsqlDbType.Jsonb);
            await WriteAsync(import, request.Said is null ? null : new { messages = new[] { new { role = "user", content = request.Said } } });
            await WriteAsync(import, request.Answer is null ? null : new { content = new[] { new { type = "text", text = request.Answer } } });
        }

        await import.CompleteAsync();
    }

    private static Task WriteAsync(NpgsqlBinaryImporter import, object? json)
        => json is null ? import.WriteNullAsync() : import.WriteAsync(JsonSerializer.Serialize(json), NpgsqlDbType.Jsonb);
}
