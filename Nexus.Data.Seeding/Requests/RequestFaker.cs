using System.Text.Json;
using Bogus;
using Nexus.Data.Requests;

namespace Nexus.Data.Seeding.Requests;

/// <summary>Answered requests of one train, a minute apart, each the first of a conversation; every tenth failed. The same train, seed
/// and start make the same rows everywhere.</summary>
/// <remarks>None has its place in a conversation: <c>ConversationLinker</c> or a rebuild gives it one. Whole conversations are made by
/// <see cref="Traffic.RequestTraffic"/>.</remarks>
public sealed class RequestFaker : Faker<ApiRequest>
{
    private const int FailedEvery = 10;
    private const int Overloaded = 529;

    /// <summary>Creates the faker.</summary>
    /// <param name="trainId">The train, by its slug.</param>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first call was received; 2025-01-01 09:00 UTC where nothing is given.</param>
    /// <param name="accountId">The account that paid, by its business key; null where it is unknown.</param>
    public RequestFaker(string trainId, int seed = 1, DateTimeOffset? start = null, string? accountId = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(trainId);
        var first = SeedClock.Start(start);
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var isFailed = faker.IndexFaker % FailedEvery == FailedEvery - 1;
            var time = first.AddMinutes(faker.IndexFaker);
            var duration = faker.Random.Int(400, 20_000);
            var (model, question, answer) = (faker.PickRandom(SeedModels.Names), faker.Hacker.Phrase(), faker.Hacker.Phrase());
            var (input, output) = (faker.Random.Int(10, 4_000), isFailed ? 0 : faker.Random.Int(20, 2_000));
            var request = new ApiRequest
            {
                RequestId = SeedId.Of($"request:{trainId}", seed, faker.IndexFaker),
                TrainId = trainId,
                Timestamp = time,
                Method = "POST",
                Path = "/v1/messages",
                Headers = """{"content-type": "application/json"}""",
                Model = model,
                RequestType = "inference",
                AccountId = accountId,
                IpAddress = FormattableString.Invariant($"192.0.2.{faker.Random.Int(1, 254)}"),
                ResponseStatus = isFailed ? Overloaded : 200,
                ResponseStreaming = false,
                InputTokens = input,
                OutputTokens = output,
                CacheCreationInputTokens = 0,
                CacheReadInputTokens = 0,
                TotalTokens = input + output,
                ToolCallCount = 0,
                DurationMs = duration,
                CompletedAt = time.AddMilliseconds(duration),
                Error = isFailed ? "overloaded_error: Please try again" : null,
            };
            request.SetBody(JsonSerializer.SerializeToUtf8Bytes(new
            {
                model,
                max_tokens = 8_192,
                messages = new[] { new { role = "user", content = question } },
            }));
            request.SetResponseBody(isFailed
                ? JsonSerializer.SerializeToUtf8Bytes(
                    new { type = "error", error = new { type = "overloaded_error", message = "Please try again" } })
                : JsonSerializer.SerializeToUtf8Bytes(new
                {
                    type = "message",
                    role = "assistant",
                    model,
                    content = new[] { new { type = "text", text = answer } },
                    stop_reason = "end_turn",
                    usage = new { input_tokens = input, output_tokens = output },
                }));
            return request;
        });
    }
}
