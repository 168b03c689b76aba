using System.Buffers.Binary;
using System.Text.Json;
using Nexus.Data.Conversations.Hashing;
using Npgsql;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>Reads a train's requests in the order of their times into the model: each body once, hashed where it lies in
/// the buffer and thrown away.</summary>
internal sealed class TrainReader(TrainModel model, LinkingOptions linking, bool rehash)
{
    private const int ProgressStep = 1_000;

    // Columns that say that a request has a place, or waits for one.
    private static readonly int[] _places = [12, 14, 15, 17, 18, 19, 20, 21, 22];

    private readonly List<ReadRequest> _group = [];
    private readonly List<byte[]> _waits = [];

    /// <summary>What is stored beside the requests, as of the last reading.</summary>
    public StoredDetails Details { get; private set; } = new();

    /// <summary>Reads all requests from a time on, whatever it is; those before it are there already.</summary>
    public async Task ReadAsync(
        NpgsqlConnection connection, string train, long? from, IProgress<RebuildProgress>? progress,
        CancellationToken cancellationToken)
    {
        Details = await StoredDetails.ReadAsync(connection, train, cancellationToken);
        var where = $"r.train_id = {train}" + (from is { } time ? $" AND r.\"timestamp\" >= {PostgresTime.Literal(time)}" : "");
        await using var rows = await CopyRows.OpenAsync(
            connection, RebuildStatements.Requests(where, "ORDER BY r.\"timestamp\""), RebuildStatements.RequestColumns,
            cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            var request = Read(rows);
            if (_group.Count > 0 && _group[0].Row.Time != request.Row.Time)
            {
                AddGroup();
            }

            _group.Add(request);
            if (model.Count % ProgressStep == 0)
            {
                progress?.Report(new(model.TrainId, model.Count));
            }
        }

        AddGroup();
        progress?.Report(new(model.TrainId, model.Count));
    }

    /// <summary>Reads requests that others have written since, and gives those that say of themselves what they said.</summary>
    public async Task<List<TrainRow>> ReadAgainAsync(
        NpgsqlConnection connection, IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        var read = new List<TrainRow>();
        await using var rows = await CopyRows.OpenAsync(
            connection,
            RebuildStatements.Requests($"r.request_id IN ({string.Join(", ", ids.Select(id => $"'{id}'"))})", ""),
            RebuildStatements.RequestColumns, cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            read.Add(Read(rows).Row);
        }

        return read;
    }

    /// <summary>Reads only what is stored beside the requests.</summary>
    public async Task ReadDetailsAsync(NpgsqlConnection connection, string train, CancellationToken cancellationToken)
        => Details = await StoredDetails.ReadAsync(connection, train, cancellationToken);

    /// <summary>Takes over where a request stands by now. False where linking would ask of it what it did not say
    /// before.</summary>
    public bool TryRefresh(int place, in TrainRow now)
    {
        ref var row = ref model[place];
        const RowTraits asked = RowTraits.Linked | RowTraits.Failed | RowTraits.Summarizer;
        if (row.Time != now.Time || row.AnsweredAt != now.AnsweredAt || row.Messages != now.Messages
            || row.Answered != now.Answered || row.System != now.System || row.Model != now.Model || row.User != now.User
            || (row.Traits & asked) != (now.Traits & asked))
        {
            return false;
        }

        const RowTraits stored = RowTraits.HasCompatibleHash | RowTraits.HasParentHash | RowTraits.ComputedParentHash
            | RowTraits.StoredPlace | RowTraits.StoredOrphan | RowTraits.HashesDiffer;
        row.Traits = (row.Traits & ~stored) | (now.Traits & stored);
        (row.Version, row.Hashes) = (now.Version, now.Hashes);
        (row.StoredConversation, row.StoredBranch, row.StoredLink) =
            (now.StoredConversation, now.StoredBranch, now.StoredLink);
        return true;
    }

    // Requests of one instant: a shorter body first, and who is asked for after the one that asks.
    private void AddGroup()
    {
        if (_group.Count > 1)
        {
            _group.Sort((left, right) =>
            {
                var order = left.Row.Counted.CompareTo(right.Row.Counted);
                return order != 0 ? order : left.Row.Id.CompareTo(right.Row.Id);
            });
        }

        foreach (var request in _group)
        {
            Add(request);
        }

        _group.Clear();
    }

    private ReadRequest Read(CopyRows rows)
    {
        var row = new TrainRow
        {
            Id = rows.Uuid(0),
            Time = rows.Long(1),
            Version = rows.Transaction(2),
            StoredConversation = rows.Uuid(12),
            StoredBranch = rows.IsNull(13) ? -1 : model.Word(rows.Bytes(13)),
            StoredLink = LinkDigest.Stored(rows),
            Model = rows.IsNull(5) ? -1 : model.Word(rows.Bytes(5)),
            System = -1,
            User = -1,
            Opening = -1,
            Summary = -1,
            Beginning = -1,
            Parent = -1,
            ParentTask = -1,
            RetryOf = -1,
            Conversation = -1,
        };
        row.AnsweredAt = AnsweredAt(rows, row.Time);
        if (rows.Flag(8) || (!rows.IsNull(7) && rows.Int(7) is < 200 or > 299))
        {
            row.Traits |= RowTraits.Failed;
        }

        if (Array.Exists(_places, field => !rows.IsNull(field)))
        {
            row.Traits |= RowTraits.StoredPlace;
        }

        var type = rows.IsNull(3) ? null : model.Text(model.Word(rows.Bytes(3)));
        if (!linking.TakesPart(type, rows.Bytes(4).EndsWith("/count_tokens"u8)))
        {
            return new(row, null, null);
        }

        var hashes = Hash(rows);
        if (row.Model < 0 && hashes.Model is { Length: <= 100 } asked)
        {
            row.Model = model.Word(asked);
        }

        var messageCount = rows.IsNull(6) ? hashes.MessageCount : -1;
        if (!hashes.HasMessages)
        {
            if (messageCount >= 0 || (rows.IsNull(5) && row.Model >= 0))
            {
                row.Traits |= RowTraits.HashesDiffer;
                row.Hashes = RowHashes.Keep(model.Bytes, false, messageCount, row.Model, null, null, null, null, null, null, null);
            }

            return new(row, null, null);
        }

        var answer = AnswerHasher.Hash(Body(rows, 33));
        TakeHashes(rows, ref row, hashes, answer, messageCount);
        return new(row, hashes, answer);
    }

    private void TakeHashes(
        CopyRows rows, ref TrainRow row, RequestHashes hashes, AnswerHashes answer, int messageCount)
    {
        // Hashes of this version are believed, but where they are to be made anew.
        var isCurrent = !rows.IsNull(26) && BinaryPrimitives.ReadInt16BigEndian(rows.Bytes(26)) == LinkHash.Version;
        var isKept = isCurrent && !rehash && !rows.IsNull(27);
        var link = isKept ? rows.Bytes(27).ToArray() : hashes.LinkHash;
        var stable = isKept ? Bytes(rows, 28) : hashes.StableSystemHash;
        var user = isKept ? Bytes(rows, 30) : hashes.UserIdHash;
        var answered = isKept && !rows.IsNull(29) ? Bytes(rows, 29)
            : link is not null && answer.AnswerHash is { } own ? LinkRules.Answered(link, own) : null;

        row.Traits |= RowTraits.Linked
            | (hashes.IsSummarizer ? RowTraits.Summarizer : RowTraits.None)
            | (!rows.IsNull(23) || hashes.CurrentMessageHash is not null ? RowTraits.HasCompatibleHash : RowTraits.None)
            | (rows.Flag(24) ? RowTraits.HasParentHash : RowTraits.None)
            | (hashes.ParentMessageHash is not null ? RowTraits.ComputedParentHash : RowTraits.None)
            | (rows.IsNull(14) && rows.IsNull(20) && hashes.CountedMessages > 1 ? RowTraits.StoredOrphan : RowTraits.None);
        row.Counted = hashes.CountedMessages;
        row.Messages = Digest.Of(link);
        row.Answered = Digest.Of(answered);
        row.System = model.System(stable);
        row.User = model.User(user);

        var hasLinkHashes = !isCurrent || !Same(rows, 27, link) || !Same(rows, 28, stable) || !Same(rows, 29, answered)
            || !Same(rows, 30, user);
        var isMissing = (rows.IsNull(23) && hashes.CurrentMessageHash is not null)
            || (!rows.Flag(25) && hashes.SystemHash is not null)
            || messageCount >= 0 || (rows.IsNull(5) && row.Model >= 0);
        if (hasLinkHashes || isMissing)
        {
            row.Traits |= RowTraits.HashesDiffer;
        }

        if (hasLinkHashes || isMissing || (!rows.Flag(24) && hashes.ParentMessageHash is not null))
        {
            row.Hashes = RowHashes.Keep(
                model.Bytes, hasLinkHashes, messageCount, row.Model,
                rows.IsNull(23) ? Binary(hashes.CurrentMessageHash) : null,
                rows.Flag(24) ? null : Binary(hashes.ParentMessageHash),
                rows.Flag(25) ? null : Binary(hashes.SystemHash),
                hasLinkHashes ? link : null, hasLinkHashes ? stable : null, hasLinkHashes ? answered : null,
                hasLinkHashes ? user : null);
        }
    }

    private void Add(ReadRequest request)
    {
        var (row, hashes, answer) = (request.Row, request.Hashes, request.Answer);
        if (hashes is null || answer is null)
        {
            model.Add(row);
            return;
        }

        var answerFollows = FindBeginning(ref row, hashes, out var prefix);
        if (hashes.OpeningTextHash is { } text)
        {
            row.Opening = model.Openings.Count;
            model.Openings.Add(Digest.Of(text));
        }

        if (hashes.Continuation is { } continuation && row.Beginning < 0)
        {
            var next = model.NewestKey(continuation.Key);
            row.Summary = model.Summaries.Count;
            model.Summaries.Add(new()
            {
                Row = model.Count,
                Key = continuation.Key,
                Text = next < 0 ? null : continuation.Text,
                Next = next,
            });
        }

        foreach (var prompt in answer.PromptedTasks)
        {
            model.Prompts.Add(new()
            {
                Row = model.Count,
                Ordinal = prompt.Ordinal,
                Prompt = Digest.Of(prompt.PromptHash),
                Hash = model.Bytes.Add(prompt.PromptHash),
                ToolUseId = prompt.ToolUseId,
                Subtask = -1,
            });
        }

        foreach (var key in answer.SummaryKeys)
        {
            model.AddKey(key);
            row.Keys += StoredDetails.Sum(key);
        }

        TakeWaits(ref row, hashes, prefix, answerFollows);
        if (Details.Waits.GetValueOrDefault(row.Id) != row.Waits || Details.Keys.GetValueOrDefault(row.Id) != row.Keys
            || row.Summary >= 0)
        {
            row.Details = RowDetails.Keep(model.Bytes, _waits, answer.SummaryKeys);
        }

        model.Add(row);
    }

    // The longest beginning that is there, and of those that have it the best. Everything that is there is earlier.
    private bool FindBeginning(ref TrainRow row, RequestHashes hashes, out int prefix)
    {
        for (prefix = 0; prefix < hashes.Prefixes.Count; prefix++)
        {
            var beginning = hashes.Prefixes[prefix];
            var newest = model.Newest(Digest.Of(beginning.LinkHash));
            if (newest < 0)
            {
                continue;
            }

            var answered = beginning.NextAnswerHash is { } next
                ? model.NewestAnswered(Digest.Of(LinkRules.Answered(beginning.LinkHash, next)))
                : -1;
            var best = answered >= 0 ? answered : newest;
            for (var other = best; other >= 0; other = answered >= 0 ? model[other].SameAnswered : model[other].Same)
            {
                if (model[other].System == row.System)
                {
                    best = other;
                    row.Traits |= RowTraits.SameSystem;
                    break;
                }
            }

            row.Beginning = best;
            row.Distance = beginning.AnswersAfter;
            row.Candidates = Math.Min(100, model[newest].Count);
            return answered >= 0;
        }

        return false;
    }

    // As LinkSession has it; what a continuation waits for is known only when it is linked.
    private void TakeWaits(ref TrainRow row, RequestHashes hashes, int prefix, bool answerFollows)
    {
        _waits.Clear();
        if (hashes.OpeningTextHash is { } text)
        {
            _waits.Add(LinkKeys.WaitForPrompt(text));
        }

        var hasParent = row.Beginning >= 0;
        for (var nearer = 0; nearer < prefix && !(hasParent && row.Distance == 1); nearer++)
        {
            _waits.Add(LinkKeys.WaitForMessages(hashes.Prefixes[nearer].LinkHash));
        }

        if (hasParent && !answerFollows && hashes.Prefixes[prefix] is { NextAnswerHash: { } next } chosen)
        {
            _waits.Add(LinkKeys.WaitForAnswer(LinkRules.Answered(chosen.LinkHash, next)));
        }

        foreach (var wait in _waits)
        {
            row.Waits += StoredDetails.Sum(wait);
        }
    }

    private static RequestHashes Hash(CopyRows rows)
    {
        try
        {
            return RequestHasher.Hash(Body(rows, 31));
        }
        catch (JsonException)
        {
            // Bytes that another program has kept. The row stays unlinked.
            return RequestHasher.Hash("null"u8);
        }
    }

    private static ReadOnlySpan<byte> Body(CopyRows rows, int field)
        => !rows.IsNull(field + 1) ? rows.Bytes(field + 1) : rows.IsNull(field) ? "null"u8 : rows.Json(field);

    private static long AnsweredAt(CopyRows rows, long time)
        => rows.IsNull(7) && !rows.Flag(8) && !rows.Flag(11) ? long.MaxValue
            : !rows.IsNull(9) ? rows.Long(9)
            : rows.IsNull(10) ? time
            : time + (rows.Long(10) * 1_000);

    private static bool Same(CopyRows rows, int field, byte[]? hash)
        => rows.IsNull(field) ? hash is null : hash is not null && rows.Bytes(field).SequenceEqual(hash);

    private static byte[]? Bytes(CopyRows rows, int field) => rows.IsNull(field) ? null : rows.Bytes(field).ToArray();

    private static byte[]? Binary(string? hexadecimal) => hexadecimal is null ? null : Convert.FromHexString(hexadecimal);

    private readonly record struct ReadRequest(TrainRow Row, RequestHashes? Hashes, AnswerHashes? Answer);
}
