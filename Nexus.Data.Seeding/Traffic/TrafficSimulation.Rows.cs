using System.Buffers.Binary;
using System.Text;

namespace Nexus.Data.Seeding.Traffic;

/// <summary>This part writes what a turn sends and what the log holds of it.</summary>
internal sealed partial class TrafficSimulation
{
    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(_now);

    private byte[] BuildBody(ClientSession session, SystemPrompt system, string model)
    {
        var body = new ByteBuffer(session.History.Length + system.Text.Length + 512);
        body.Append("{\"model\":\""u8).Append(Encoding.ASCII.GetBytes(model));
        body.Append("\",\"max_tokens\":8192,\"messages\":["u8).Append(session.History.Messages);
        body.Append("],\"system\":"u8);
        system.AppendTo(body, _random, Now);
        if (session.UserId is { } user)
        {
            body.Append(",\"metadata\":{\"user_id\":\""u8).Append(user).Append("\"}"u8);
        }

        body.Append(session.Streams ? ",\"stream\":true}"u8 : "}"u8);
        return body.ToArray();
    }

    private TrafficRequest NewAside(ClientSession session, byte[] body, string type, string response)
    {
        var completed = DateTimeOffset.FromUnixTimeMilliseconds(_now + _random.Between(20, 300));
        return NewRequest(session, new ReadyTurn(body, 0, null, TrafficFeatures.None)) with
        {
            RequestType = type,
            ResponseStatus = 200,
            ResponseBody = Encoding.ASCII.GetBytes(response),
            CompletedAt = completed,
            AnswerStoreAt = completed,
            ConversationKey = 0,
        };
    }

    private TrafficRequest NewAnswered(ClientSession session, ReadyTurn turn, Answer answer, bool mayBeLate)
    {
        var request = NewRequest(session, turn);
        var written = answer.Content.Length / 4;
        var read = turn.Body.Length / 4;
        var cached = session.MarksCache ? read * 3 / 4 : 0;
        var completed = DateTimeOffset.FromUnixTimeMilliseconds(_now + _random.Between(300, 5_000) + (written / 4));
        request = request with
        {
            ResponseStatus = 200,
            ResponseStreaming = session.Streams,
            CompletedAt = completed,
            AnswerStoreAt = completed,
            InputTokens = read - cached,
            OutputTokens = written,
            CacheReadInputTokens = session.Turn > 1 ? cached : 0,
            CacheCreationInputTokens = session.Turn > 1 ? 0 : cached,
            ToolCallCount = answer.ToolCalls,
            Features = request.Features
                | (answer.Thinking.Length > 0 ? TrafficFeatures.Thinking : 0)
                | (answer.ToolCalls > 0 ? TrafficFeatures.ToolUse : 0)
                | (answer.Prompts.Count > 0 ? TrafficFeatures.AsksForSubtasks : 0),
        };
        request = request with { ResponseBody = BuildResponse(session, request, answer) };
        return mayBeLate && _random.Chance(_options.LateRate) ? Delay(request) : request;
    }

    private TrafficRequest Delay(TrafficRequest request)
    {
        var late = TimeSpan.FromMilliseconds(_random.Between(5_000, 900_000));
        var answerAt = request.CompletedAt!.Value + late;
        return _random.Chance(0.5)
            ? request with { AnswerStoreAt = answerAt, Features = request.Features | TrafficFeatures.AnsweredLate }
            : request with
            {
                StoreAt = answerAt,
                AnswerStoreAt = answerAt,
                Features = request.Features | TrafficFeatures.StoredLate,
            };
    }

    private byte[] BuildResponse(ClientSession session, TrafficRequest request, Answer answer)
    {
        var body = new ByteBuffer(answer.Content.Length + answer.Thinking.Length + 512);
        body.Append("{\"id\":\"msg_"u8).Append(_composer.NextSerial());
        body.Append("\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\""u8);
        body.Append(Encoding.ASCII.GetBytes(request.Model)).Append("\",\"content\":["u8);
        if (answer.Thinking.Length > 0 && !session.Streams)
        {
            body.Append(answer.Thinking).Append(","u8);
        }

        body.Append(answer.Content).Append("],\"stop_reason\":\""u8);
        body.Append(answer.ToolCalls > 0 ? "tool_use"u8 : "end_turn"u8);
        body.Append("\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":"u8).Append(request.InputTokens);
        body.Append(",\"output_tokens\":"u8).Append(request.OutputTokens);
        body.Append(",\"cache_creation_input_tokens\":"u8).Append(request.CacheCreationInputTokens);
        body.Append(",\"cache_read_input_tokens\":"u8).Append(request.CacheReadInputTokens).Append("}}"u8);
        return body.ToArray();
    }

    private TrafficRequest NewRequest(ClientSession session, ReadyTurn turn, TrafficFeatures outcome = 0)
    {
        _requests++;
        _bodyBytes += turn.Body.Length;
        return new TrafficRequest
        {
            RequestId = NewId(),
            Timestamp = Now,
            StoreAt = Now,
            TrainId = session.Train,
            AccountId = $"acc_{session.Train}",
            Path = "/v1/messages",
            Model = session.Model,
            RequestType = "inference",
            Body = turn.Body,
            ConversationKey = session.Conversation,
            ParentId = turn.Parent,
            RetryOf = turn.FirstAttempt,
            Features = turn.Features | outcome | (turn.FirstAttempt is null ? 0 : TrafficFeatures.Retry),
        };
    }

    private Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, _now << 16);
        BinaryPrimitives.WriteUInt16BigEndian(
            bytes[6..], (ushort)(0x7000 | _random.Below(0x1000)));
        BinaryPrimitives.WriteUInt64BigEndian(
            bytes[8..], (_random.Next() >> 2) | 0x8000_0000_0000_0000);
        return new Guid(bytes, bigEndian: true);
    }
}
