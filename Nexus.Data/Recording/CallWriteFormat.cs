using System.Text;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Requests;

namespace Nexus.Data.Recording;

/// <summary>Writes as they lie in the spool. What is read is as it was written, byte for byte.</summary>
internal static class CallWriteFormat
{
    private const byte Version = 1;

    /// <summary>Kinds of entries in a spool.</summary>
    private enum Kind : byte
    {
        Request = 1,
        Chunks = 2,
        Answer = 3,
    }

    /// <summary>A write as bytes.</summary>
    public static byte[] Write(CallWrite write)
    {
        var stream = new MemoryStream(InitialSize(write));
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(Version);
        writer.Write((byte)(write switch
        {
            RequestWrite => Kind.Request,
            ChunksWrite => Kind.Chunks,
            _ => Kind.Answer,
        }));
        Uuid(writer, write.RequestId);
        writer.Write(write.TrainId);
        switch (write)
        {
            case RequestWrite request:
                writer.Write(request.IsTimeGiven);
                Write(writer, request.Row);
                break;
            case ChunksWrite chunks:
                Write(writer, chunks.Events);
                break;
            case AnswerWrite answer:
                Write(writer, answer);
                break;
        }

        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>A write from its bytes.</summary>
    /// <exception cref="InvalidDataException">The bytes are of another version, or of something else.</exception>
    public static CallWrite Read(ReadOnlyMemory<byte> bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes.ToArray(), writable: false), Encoding.UTF8);
        try
        {
            if (reader.ReadByte() is var version && version != Version)
            {
                throw new InvalidDataException($"The entry has version {version}; this library reads version {Version}.");
            }

            var kind = (Kind)reader.ReadByte();
            var (requestId, trainId) = (new Guid(reader.ReadBytes(16)), reader.ReadString());
            return kind switch
            {
                Kind.Request => ReadRequest(reader, requestId, trainId),
                Kind.Chunks => new ChunksWrite(requestId, trainId, ReadEvents(reader)),
                Kind.Answer => ReadAnswer(reader, requestId, trainId),
                _ => throw new InvalidDataException($"The entry is of the unknown kind {(byte)kind}."),
            };
        }
        catch (Exception exception) when (exception is EndOfStreamException or ArgumentException or FormatException)
        {
            throw new InvalidDataException("The entry cannot be read.", exception);
        }
    }

    private static void Write(BinaryWriter writer, ApiRequest row)
    {
        Time(writer, row.Timestamp);
        writer.Write(row.Method);
        writer.Write(row.Path);
        writer.Write(row.Headers);
        Text(writer, row.Model);
        Text(writer, row.RequestType);
        Text(writer, row.AccountId);
        Text(writer, row.ApiKeyId);
        Text(writer, row.IpAddress);
        Number(writer, row.MessageCount);
        Json(writer, row.Body is { } body ? new(body, row.BodyOriginal, row.IsAltered) : null);

        // Of a body in which something was masked, the compatible hashes are of the one that came.
        writer.Write(row.Hashes is not null);
        if (row.Hashes is { } hashes)
        {
            Text(writer, hashes.CurrentMessageHash);
            Text(writer, hashes.ParentMessageHash);
            Text(writer, hashes.SystemHash);
        }
    }

    private static RequestWrite ReadRequest(BinaryReader reader, Guid requestId, string trainId)
    {
        var isTimeGiven = reader.ReadBoolean();
        return new(ReadRow(reader, requestId, trainId), isTimeGiven);
    }

    private static ApiRequest ReadRow(BinaryReader reader, Guid requestId, string trainId)
    {
        var row = new ApiRequest
        {
            RequestId = requestId,
            TrainId = trainId,
            Timestamp = Time(reader),
            Method = reader.ReadString(),
            Path = reader.ReadString(),
            Headers = reader.ReadString(),
            Model = Text(reader),
            RequestType = Text(reader),
            AccountId = Text(reader),
            ApiKeyId = Text(reader),
            IpAddress = Text(reader),
            MessageCount = Number(reader),
        };
        if (Json(reader) is { } body)
        {
            row.SetBody(body);
        }

        if (reader.ReadBoolean())
        {
            row.Hashes = RequestHasher.Hash(row.GetBody() is { } bytes ? bytes.Span : "null"u8)
                .WithCompatible(Text(reader), Text(reader), Text(reader));
        }

        return row;
    }

    private static void Write(BinaryWriter writer, IReadOnlyList<StreamEvent> events)
    {
        writer.Write(events.Count);
        foreach (var item in events)
        {
            writer.Write(item.Index);
            Time(writer, item.Timestamp);
            Bytes(writer, item.Data.Span);
        }
    }

    private static List<StreamEvent> ReadEvents(BinaryReader reader)
    {
        var events = new List<StreamEvent>();
        for (var count = reader.ReadInt32(); count > 0; count--)
        {
            events.Add(new(reader.ReadInt32(), Time(reader), Bytes(reader)));
        }

        return events;
    }

    private static void Write(BinaryWriter writer, AnswerWrite answer)
    {
        Number(writer, answer.Status);
        Text(writer, answer.Headers);
        Json(writer, answer.Answer);
        writer.Write(answer.IsDropped);
        Flag(writer, answer.IsStreamed);
        Time(writer, answer.CompletedAt);
        Number(writer, answer.DurationMs);
        Number(writer, answer.FirstTokenMs);
        Text(writer, answer.Error);
        var facts = answer.Facts;
        Number(writer, facts.InputTokens);
        Number(writer, facts.OutputTokens);
        Number(writer, facts.CacheCreationInputTokens);
        Number(writer, facts.CacheReadInputTokens);
        writer.Write(facts.ToolCallCount);
        OptionalBytes(writer, facts.UsageJson);
        OptionalBytes(writer, facts.TaskInvocations);
    }

    private static AnswerWrite ReadAnswer(BinaryReader reader, Guid requestId, string trainId)
        => new(requestId, trainId)
        {
            Status = Number(reader),
            Headers = Text(reader),
            Answer = Json(reader),
            IsDropped = reader.ReadBoolean(),
            IsStreamed = Flag(reader),
            CompletedAt = Time(reader),
            DurationMs = Number(reader),
            FirstTokenMs = Number(reader),
            Error = Text(reader),
            Facts = new()
            {
                InputTokens = Number(reader),
                OutputTokens = Number(reader),
                CacheCreationInputTokens = Number(reader),
                CacheReadInputTokens = Number(reader),
                ToolCallCount = reader.ReadInt32(),
                UsageJson = OptionalBytes(reader),
                TaskInvocations = OptionalBytes(reader),
            },
        };

    private static void Uuid(BinaryWriter writer, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes);
        writer.Write(bytes);
    }

    private static void Time(BinaryWriter writer, DateTimeOffset time) => writer.Write(time.UtcTicks);

    private static DateTimeOffset Time(BinaryReader reader) => new(reader.ReadInt64(), TimeSpan.Zero);

    private static void Text(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null)
        {
            writer.Write(text);
        }
    }

    private static string? Text(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;

    private static void Number(BinaryWriter writer, int? number)
    {
        writer.Write(number.HasValue);
        writer.Write(number ?? 0);
    }

    private static int? Number(BinaryReader reader)
        => (reader.ReadBoolean(), reader.ReadInt32()) is (true, var number) ? number : null;

    private static void Flag(BinaryWriter writer, bool? flag) => Number(writer, flag is { } value ? value ? 1 : 0 : null);

    private static bool? Flag(BinaryReader reader) => Number(reader) is { } number ? number == 1 : null;

    private static void Bytes(BinaryWriter writer, ReadOnlySpan<byte> bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    private static byte[] Bytes(BinaryReader reader)
    {
        var length = reader.ReadInt32();
        var bytes = reader.ReadBytes(length);
        return bytes.Length == length ? bytes : throw new EndOfStreamException();
    }

    private static void OptionalBytes(BinaryWriter writer, byte[]? bytes)
    {
        writer.Write(bytes is not null);
        if (bytes is not null)
        {
            Bytes(writer, bytes);
        }
    }

    private static byte[]? OptionalBytes(BinaryReader reader) => reader.ReadBoolean() ? Bytes(reader) : null;

    private static void Json(BinaryWriter writer, StoredJson? json)
    {
        OptionalBytes(writer, json?.Json);
        if (json is { } stored)
        {
            writer.Write(stored.IsAltered);

            // What is kept only because it is to be kept is the same bytes.
            var isSame = stored.Original is not null && ReferenceEquals(stored.Original, stored.Json);
            writer.Write(isSame);
            OptionalBytes(writer, isSame ? null : stored.Original);
        }
    }

    private static StoredJson? Json(BinaryReader reader)
    {
        if (OptionalBytes(reader) is not { } json)
        {
            return null;
        }

        var isAltered = reader.ReadBoolean();
        var isSame = reader.ReadBoolean();
        var original = OptionalBytes(reader);
        return new(json, isSame ? json : original, isAltered);
    }

    private static int InitialSize(CallWrite write)
        => 1_024 + write switch
        {
            RequestWrite { Row: var row } => (row.Body?.Length ?? 0) + row.Headers.Length,
            ChunksWrite { Events: var events } => events.Sum(item => item.Data.Length + 16),
            AnswerWrite answer => (answer.Answer?.Json.Length ?? 0) + 1_024,
            _ => 0,
        };
}
