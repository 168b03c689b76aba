using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Data.Masking;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Recording;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Recording;

/// <summary>A thousand secrets of ten kinds wherever a call has room for one, by every way in: none is found after.</summary>
public sealed class PlantedSecretTests : RecordingTest
{
    private const int Calls = 100;
    private const int Places = 10;

    private readonly Random _random = new(4711);
    private readonly List<string> _secrets = [];
    private readonly LogRecorder _log = new();
    [Test]
    public async Task None_is_found_in_database_spool_log_activity_or_exceptions()
    {
        var services = Services(collection =>
        {
            collection.Configure<MaskingOptions>(options => (options.EmailAddresses, options.CardNumbers) = (MaskingAction.Mask, MaskingAction.Mask));
            collection.AddLogging(builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(_log));
            collection.AddNexusRequestIngest(options => (options.SpoolFolder, options.BatchDelayMs) = (Folder, 2_000));
        });
        using var end = new CancellationTokenSource();
        var watching = WatchAsync(end.Token);
        var exceptions = new List<string>();
        var recorder = services.GetRequiredService<RequestRecorder>();
        var queue = services.GetRequiredService<RequestIngestQueue>();
        await queue.StartAsync(CancellationToken.None);
        var spool = new StringBuilder();
        var log = new MemoryStream();
        for (var number = 0; number < Calls; number++)
        {
            var (call, answer, pieces) = Plant(number);
            exceptions.Add(await RefusedAsync(recorder, call));
            switch (number % 3)
            {
                case 0:
                    await recorder.RecordAsync(call);
                    await recorder.AppendChunksAsync(call.RequestId, pieces.Take(4));
                    await recorder.AppendChunksAsync(call.RequestId, pieces.Skip(4));
                    await recorder.CompleteAsync(call.RequestId, answer with { Body = null });
                    break;
                case 1:
                    await queue.EnqueueAsync(call);
                    await queue.EnqueueChunksAsync(call.TrainId, call.RequestId, pieces);
                    await queue.EnqueueAnswerAsync(call.TrainId, call.RequestId, answer);
                    break;
                default:
                    log.Write(Line(call, answer, pieces));
                    break;
            }

            foreach (var file in Directory.EnumerateFiles(Folder, "*.spool"))
            {
                await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var reader = new StreamReader(stream, Encoding.Latin1);
                spool.Append(await reader.ReadToEndAsync());
            }
        }

        log.Position = 0;
        var report = await services.GetRequiredService<RequestImporter>().ImportAsync(log);
        await queue.StopAsync(CancellationToken.None);
        await end.CancelAsync();
        var activity = await watching;

        var dump = await DumpAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(_secrets.Distinct().Count(), Is.EqualTo(Calls * Places));
            Assert.That(report.Stored, Is.EqualTo(33));
            Assert.That(await ReadAllAsync(), Has.Count.EqualTo(Calls));
            Assert.That(Found(dump), Is.Empty, "the dump");
            Assert.That(dump, Does.Contain("[masked api key]").And.Contain("[masked card number]"));
            Assert.That(spool.Length, Is.GreaterThan(10_000));
            Assert.That(Found(spool.ToString()), Is.Empty, "the spool");
            Assert.That(_log.Text.Length, Is.GreaterThan(1_000));
            Assert.That(Found(_log.Text), Is.Empty, "the log");
            Assert.That(activity, Does.Contain("api_requests"));
            Assert.That(Found(activity), Is.Empty, "pg_stat_activity");
            Assert.That(exceptions, Has.All.Contains("no JSON"));
            Assert.That(Found(string.Concat(exceptions)), Is.Empty, "exceptions");
        });
    }

    [Test]
    public async Task Without_masking_they_are_there_and_the_doctor_says_so()
    {
        var services = Services(collection => collection.Configure<MaskingOptions>(options =>
        {
            options.Trains[Bodies.Train] = new()
            {
                ApiKeys = MaskingAction.Off,
                BearerTokens = MaskingAction.Off,
                UrlPasswords = MaskingAction.Off,
            };
        }));
        var (call, _, _) = Plant(0);
        await services.GetRequiredService<RequestRecorder>().RecordAsync(call);
        var doctor = Services().GetRequiredService<Doctor>();

        var result = (await doctor.RunAsync(["stored-secrets"])).Single().Result;

        Assert.Multiple(async () =>
        {
            Assert.That(Found(await DumpAsync()), Is.Not.Empty);
            Assert.That(result.Status, Is.EqualTo(CheckStatus.Warning));
            Assert.That(result.Details, Has.Some.Contains($"{call.RequestId}: ApiKey in body"));
            Assert.That(Found(string.Concat(result.Details)), Is.Empty);
        });
    }

    // Ten secrets, one of each kind, each in another place from call to call.
    private (RecordedRequest Call, RecordedResponse Answer, List<StreamEvent> Pieces) Plant(int number)
    {
        var texts = Enumerable.Range(0, Places).Select(kind => Secret((kind + number) % Places)).ToList();
        var body = new JsonObject
        {
            ["model"] = "test-model",
            ["metadata"] = new JsonObject { ["user_id"] = texts[0] },
            ["messages"] = new JsonArray(
                new JsonObject { ["role"] = "user", ["content"] = $"Call {number}: {texts[1]}." },
                new JsonObject
                {
                    ["role"] = "assistant",
                    ["content"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "tool_use",
                        ["id"] = $"t{number}",
                        ["name"] = "Bash",
                        ["input"] = new JsonObject { [$"say {texts[2]}"] = true },
                    }),
                },
                new JsonObject
                {
                    ["role"] = "user",
                    ["content"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "tool_result",
                        ["tool_use_id"] = $"t{number}",
                        ["content"] = JsonSerializer.Serialize(new { lines = $"first\n{texts[3]}\nlast" }),
                    }),
                }),
        };
        var call = new RecordedRequest
        {
            RequestId = Guid.CreateVersion7(),
            TrainId = Bodies.Train,
            Timestamp = Bodies.Noon.AddMinutes(number),
            Path = $"/v1/messages?q={Uri.EscapeDataString("x")}&note={texts[4].Replace(' ', '+')}",
            Headers = [new("X-Note", texts[5]), new("Cookie", $"session={Token(20)}")],
            Body = JsonSerializer.SerializeToUtf8Bytes(body),
        };
        var answer = new RecordedResponse
        {
            Status = 500,
            Headers = [new("X-Trace", texts[6])],
            Error = $"It broke at {texts[7]}",
            Body = JsonSerializer.SerializeToUtf8Bytes(new
            {
                type = "message",
                role = "assistant",
                content = new[] { new { type = "text", text = $"I saw {texts[8]} there." } },
                usage = new { input_tokens = 1, output_tokens = 2 },
            }),
            CompletedAt = Bodies.Noon.AddMinutes(number).AddSeconds(30),
        };

        // Split in two, in the middle of the secret and over two calls.
        var said = $"I saw {texts[9]} there.";
        return (call, answer, Streams.Of(said[..(said.Length / 2)], said[(said.Length / 2)..]));
    }

    private string Secret(int kind)
    {
        var (secret, text) = kind switch
        {
            0 => Same("sk-" + "ant-api03-" + Token(40)),
            1 => Same("sk-" + "proj-" + Token(40)),
            2 => Same("AKIA" + Token(16).ToUpperInvariant()),
            3 => Same("ghp_" + Token(36)),
            4 => Same("xoxb-" + Digits(12) + "-" + Token(24)),
            5 => Within(Token(30), "Bearer {0}"),
            6 => Same("eyJ" + Token(20) + ".eyJ" + Token(30) + "." + Token(43)),
            7 => Within(Token(18), "postgres://svc:{0}@db.internal:5432/app"),
            8 => Same(Token(12).ToLowerInvariant() + "@example.com"),
            _ => Same(Card()),
        };
        _secrets.Add(secret);
        return text;

        static (string, string) Same(string secret) => (secret, secret);

        static (string, string) Within(string secret, string format)
            => (secret, string.Format(CultureInfo.InvariantCulture, format, secret));
    }

    private string Token(int length)
        => "a1B" + string.Concat(Enumerable.Range(0, length - 3).Select(_ =>
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[_random.Next(62)]));

    private string Digits(int length)
        => string.Concat(Enumerable.Range(0, length).Select(_ => (char)('0' + _random.Next(10))));

    private string Card()
    {
        var digits = "4" + Digits(14);
        for (var check = '0'; ; check++)
        {
            var sum = (digits + check).Reverse().Select((digit, place) => (digit - '0') * (1 + (place % 2)))
                .Sum(value => (value / 10) + (value % 10));
            if (sum % 10 == 0)
            {
                return digits + check;
            }
        }
    }

    private static async Task<string> RefusedAsync(RequestRecorder recorder, RecordedRequest call)
    {
        try
        {
            await recorder.RecordAsync(call with { Body = call.Body!.Value[..^1] });
            return "It was not refused.";
        }
        catch (NexusDataException exception)
        {
            return exception.ToString();
        }
    }

    private static byte[] Line(RecordedRequest call, RecordedResponse answer, List<StreamEvent> pieces)
        => [
            .. JsonSerializer.SerializeToUtf8Bytes(new JsonObject
            {
                ["request_id"] = call.RequestId,
                ["train_id"] = call.TrainId,
                ["timestamp"] = call.Timestamp!.Value.ToString("O", CultureInfo.InvariantCulture),
                ["path"] = call.Path,
                ["headers"] = new JsonObject(call.Headers.Select(header => KeyValuePair.Create(header.Key, (JsonNode?)header.Value))),
                ["body"] = JsonNode.Parse(call.Body!.Value.Span),
                ["response_status"] = answer.Status,
                ["response_headers"] = new JsonObject(answer.Headers.Select(header => KeyValuePair.Create(header.Key, (JsonNode?)header.Value))),
                ["response_body"] = JsonNode.Parse(answer.Body!.Value.Span),
                ["error"] = answer.Error,
                ["streaming_chunks"] = new JsonArray([.. pieces.Select(piece => (JsonNode)new JsonObject
                {
                    ["chunk_index"] = piece.Index,
                    ["timestamp"] = piece.Timestamp.ToString("O", CultureInfo.InvariantCulture),
                    ["data"] = Streams.TextOf(piece),
                })]),
            }),
            .. "\n"u8,
        ];

    // As text, in hexadecimal digits as a bytea is shown, and escaped as in a JSON string in a JSON string.
    private List<string> Found(string text)
        => [.. _secrets.Where(secret => text.Contains(secret, StringComparison.Ordinal)
            || text.Contains(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(secret)), StringComparison.Ordinal))];

    private async Task<string> DumpAsync() => await DatabaseText.DumpAsync(await AdministratorAsync());

    private async Task<string> WatchAsync(CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(await AdministratorAsync());
        var seen = new HashSet<string>();
        while (!cancellationToken.IsCancellationRequested)
        {
            await using var command = source.CreateCommand(
                "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            while (await reader.ReadAsync(CancellationToken.None))
            {
                seen.Add(reader.GetString(0));
            }
        }

        return string.Join('\n', seen);
    }
}
