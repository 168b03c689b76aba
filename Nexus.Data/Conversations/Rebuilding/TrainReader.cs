using System.Buffers.Binary;
using System.Text.Json;
using Nexus.Data.Conversations.Hashing;
using Npgsql;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>Reads a train's requests in the order of their times into the model: of most only what is stored of their
/// hashes; the other bodies once, hashed where they lie in the buffer and thrown away.</summary>
internal sealed class TrainReader(
    TrainModel model, LinkingOptions linking, IReadOnlyCollection<string> excludedTypes, bool rehash)
{
    private const int ProgressStep = 1_000;
    private const int UnknownAtOnce = 1_000;

    // The fields that hold the bodies, each followed by the bytes that came.
    private const int Facts = 31;
    private const int ReadsBody = 32;
    private const int RequestBody = 33;
    private const int AnswerBody = 35;
    private const int HasBody = 37;

    // Columns that say that a request has a place, or waits for one.
    private static readonly int[] _places = [12, 14, 15, 17, 18, 19, 20, 21, 22];

    private readonly List<ReadRequest> _group = [];
    private readonly List<byte[]> _waits = [];

    // Requests whose answers show something else than what is stored of them, and those whose beginnings are not known.
    private readonly HashSet<Guid> _distrusted = [];
    private readonly List<int> _unknown = [];
    private long? _distrustedSince;

    /// <summary>What is stored beside the requests, as of the last reading.</summary>
    public StoredDetails Details { get; private set; } = new();

    /// <summary>Reads all requests from a time on, whatever it is; those before it are there already.</summary>
    public async Task ReadAsync(
        NpgsqlConnection connection, string train, long? from, Action<int>? progress,
        CancellationToken cancellationToken)
    {
        Details = await StoredDetails.ReadAsync(connection, train, cancellationToken);
        while (true)
        {
            await ReadRowsAsync(connection, train, from, progress, cancellationToken);
            if (_distrustedSince is not { } since)
            {
                break;
            }

            (from, _distrustedSince) = (since, null);
            model.Truncate(since);
            _unknown.RemoveAll(place => place >= model.Count);
        }

        foreach (var places in _unknown.Chunk(UnknownAtOnce))
        {
            await ReadBeginningsAsync(connection, places, cancellationToken);
        }

        _unknown.Clear();
    }

    /// <summary>Reads requests that others have written since, and gives those that say of themselves what they said.</summary>
    public async Task<List<TrainRow>> ReadAgainAsync(
        NpgsqlConnection connection, IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        var read = new List<TrainRow>();
        await using var rows = await CopyRows.OpenAsync(
            connection,
            RebuildStatements.Requests($"r.request_id = ANY ({RebuildStatements.Ids(ids)})", WhichBodies(), ""),
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

    private string WhichBodies() => rehash ? "true" : RebuildStatements.ReadsBody(excludedTypes, _distrusted);

    private async Task ReadRowsAsync(
        NpgsqlConnection connection, string train, long? from, Action<int>? progress,
        CancellationToken cancellationToken)
    {
        var where = $"r.train_id = {train}" + (from is { } time ? $" AND r.\"timestamp\" >= {PostgresTime.Literal(time)}" : "");
        await using var rows = await CopyRows.OpenAsync(
            connection, RebuildStatements.Requests(where, WhichBodies(), "ORDER BY r.\"timestamp\""),
            RebuildStatements.RequestColumns, cancellationToken);
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
                progress?.Invoke(model.Count);
            }
        }

        AddGroup();
        progress?.Invoke(model.Count);
    }

    // What goes before the last turn is not written down, and seldom asked for.
    private async Task ReadBeginningsAsync(
        NpgsqlConnection connection, int[] places, CancellationToken cancellationToken)
    {
        var byId = places.ToDictionary(place => model[place].Id);
        var removed = new Dictionary<int, Guid>();
        await using var rows = await CopyRows.OpenAsync(
            connection, RebuildStatements.Bodies(byId.Keys), 4, cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            var id = rows.Uuid(0);
            if (rows.IsNull(1) && rows.IsNull(2))
            {
                removed[byId[id]] = rows.Uuid(3);
            }
            else
            {
                FindPlace(byId[id], ref model[byId[id]], Hash(rows, 1, isCompatible: false), Details.AnswerOf(id));
            }
        }

        if (removed.Count > 0)
        {
            KeepPlaces(removed);
        }
    }

    // Of a body that was removed nobody can say any more what summary it went on from: what was found stands.
    private void KeepPlaces(Dictionary<int, Guid> parents)
    {
        var places = parents.Values.Where(id => id != Guid.Empty).Distinct().ToDictionary(id => id, _ => -1);
        for (var place = 0; place < model.Count && places.Count > 0; place++)
        {
            if (places.ContainsKey(model[place].Id))
            {
                places[model[place].Id] = place;
            }
        }

        foreach (var (place, parent) in parents)
        {
            ref var row = ref model[place];
            row.Waits = Details.WaitsOf(row.Id);
            if (places.GetValueOrDefault(parent, -1) is >= 0 and var found && found < place)
            {
                var summary = new ContinuedSummary { Row = place, Key = [], Found = found };
                row.Waits -= LinkFacts.Sum(LinkKeys.WaitForSummary(summary.Key));
                row.Summary = model.Summaries.Count;
                model.Summaries.Add(summary);
            }
        }
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
            StoredConversation = model.StoredConversation(rows.Uuid(12)),
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
            return new(row, null, null, IsWhole: true);
        }

        return rows.Flag(ReadsBody) ? ReadBodies(rows, row) : ReadFacts(rows, row);
    }

    private ReadRequest ReadBodies(CopyRows rows, TrainRow row)
    {
        var hasAll = rows.Flag(23) && rows.Flag(24) && rows.Flag(25);
        var hashes = Hash(rows, RequestBody, isCompatible: !hasAll);
        if (row.Model < 0 && hashes.Model is { Length: <= 100 } asked)
        {
            row.Model = model.Word(asked);
        }

        var messageCount = rows.IsNull(6) ? hashes.MessageCount : -1;
        if (!hashes.HasMessages)
        {
            TakeNothing(rows, ref row, hashes, messageCount);
            return new(row, null, null, IsWhole: true);
        }

        var answer = AnswerHasher.Hash(Body(rows, AnswerBody));
        TakeHashes(rows, ref row, hashes, answer, messageCount);
        return new(row, hashes, answer, IsWhole: true);
    }

    // Without messages there are no hashes, as linking has it; that it was looked at is written down.
    private void TakeNothing(CopyRows rows, ref TrainRow row, RequestHashes hashes, int messageCount)
    {
        var facts = LinkFacts.Of(hashes, new(), filled: 0, all: false);
        if (messageCount >= 0 || (rows.IsNull(5) && row.Model >= 0) || rows.IsNull(26)
            || BinaryPrimitives.ReadInt16BigEndian(rows.Bytes(26)) != LinkHash.Version
            || rows.IsNull(Facts) || !LinkFacts.AreSame(rows.Bytes(Facts), facts))
        {
            row.Traits |= RowTraits.HashesDiffer;
            row.Hashes = RowHashes.Keep(
                model.Bytes, true, messageCount, null, null, null, null, null, facts);
        }
    }

    // All that the bodies tell was written down, but for beginnings before the last turn and the text of a summary.
    private ReadRequest ReadFacts(CopyRows rows, TrainRow row)
    {
        var facts = rows.Bytes(Facts);
        var hashes = LinkFacts.Read(facts);
        if (!hashes.HasMessages)
        {
            return new(row, null, null, IsWhole: true);
        }

        var answer = Details.AnswerOf(row.Id);
        var isUnknown = rows.IsNull(29) && !(rows.IsNull(AnswerBody) && rows.IsNull(AnswerBody + 1))
            && AnswerHasher.Hash(Body(rows, AnswerBody)) is { } shown
            && (shown.AnswerHash is not null || shown.PromptedTasks.Count + shown.SummaryKeys.Count > 0);
        if (rows.Flag(HasBody) && (isUnknown || !LinkFacts.Shows(facts, answer)))
        {
            _distrusted.Add(row.Id);
            _distrustedSince = Math.Min(_distrustedSince ?? row.Time, row.Time);
        }

        TakeTraits(rows, ref row, hashes);
        row.Messages = Digest.Of(rows.Bytes(27));
        row.System = model.System(rows.Bytes(28));
        row.Answered = Digest.Of(rows.Bytes(29));
        row.User = model.User(rows.Bytes(30));
        return new(row, hashes, answer, LinkFacts.IsWhole(facts));
    }

    private static void TakeTraits(CopyRows rows, ref TrainRow row, RequestHashes hashes)
    {
        row.Traits |= RowTraits.Linked
            | (hashes.IsSummarizer ? RowTraits.Summarizer : RowTraits.None)
            | (rows.Flag(23) || hashes.CurrentMessageHash is not null ? RowTraits.HasCompatibleHash : RowTraits.None)
            | (rows.Flag(24) ? RowTraits.HasParentHash : RowTraits.None)
            | (hashes.ParentMessageHash is not null ? RowTraits.ComputedParentHash : RowTraits.None)
            | (rows.IsNull(14) && rows.IsNull(20) && hashes.CountedMessages > 1 ? RowTraits.StoredOrphan : RowTraits.None);
        row.Counted = hashes.CountedMessages;
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

        TakeTraits(rows, ref row, hashes);
        row.Messages = Digest.Of(link);
        row.Answered = Digest.Of(answered);
        row.System = model.System(stable);
        row.User = model.User(user);

        row.Traits |= rows.Flag(25) || hashes.SystemHash is not null ? RowTraits.HasSystemHash : RowTraits.None;
        var facts = LinkFacts.Of(hashes, answer, filled: 0, all: false);
        var hasLinkHashes = !isCurrent || !Same(rows, 27, link) || !Same(rows, 28, stable) || !Same(rows, 29, answered)
            || !Same(rows, 30, user) || rows.IsNull(Facts) || !LinkFacts.AreSame(rows.Bytes(Facts), facts);
        var isMissing = (!rows.Flag(23) && hashes.CurrentMessageHash is not null)
            || (!rows.Flag(25) && hashes.SystemHash is not null)
            || messageCount >= 0 || (rows.IsNull(5) && row.Model >= 0);
        if (hasLinkHashes || isMissing)
        {
            row.Traits |= RowTraits.HashesDiffer;
        }

        if (hasLinkHashes || isMissing || (!rows.Flag(24) && hashes.ParentMessageHash is not null))
        {
            row.Hashes = RowHashes.Keep(
                model.Bytes, hasLinkHashes, messageCount,
                !rows.Flag(23) ? Binary(hashes.CurrentMessageHash) : null,
                rows.Flag(24) ? null : Binary(hashes.ParentMessageHash),
                rows.Flag(25) ? null : Binary(hashes.SystemHash),
                hasLinkHashes ? link : null, hasLinkHashes ? answered : null, hasLinkHashes ? facts : null);
        }
    }

    private void Add(ReadRequest request)
    {
        var (row, hashes, answer, isWhole) = request;
        if (hashes is null || answer is null)
        {
            model.Add(row);
            return;
        }

        var place = model.Count;
        if (hashes.OpeningTextHash is { } text)
        {
            row.Opening = model.Openings.Count;
            model.Openings.Add(Digest.Of(text));
        }

        foreach (var key in answer.SummaryKeys)
        {
            row.Keys += LinkFacts.Sum(key);
        }

        FindPlace(place, ref row, hashes, answer);
        if (!isWhole && row.Beginning < 0)
        {
            _unknown.Add(place);
        }

        if (row.Hashes != 0 && hashes.Prefixes.Count > 1
            && LinkRules.MayHaveLostTurn(row.Beginning < 0 ? null : row.Distance, hashes.Prefixes))
        {
            row.WholeFacts = model.Bytes.Add(LinkFacts.Of(hashes, answer, filled: 0, all: true));
        }

        foreach (var prompt in answer.PromptedTasks)
        {
            model.Prompts.Add(new()
            {
                Row = place,
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
        }

        model.Add(row);
    }

    // What the request goes on from, and what it waits for.
    private void FindPlace(int place, ref TrainRow row, RequestHashes hashes, AnswerHashes answer)
    {
        var answerFollows = FindBeginning(place, ref row, hashes, out var prefix);
        if (hashes.Continuation is { } continuation && row.Beginning < 0)
        {
            var next = model.NewestKey(continuation.Key, place);
            row.Summary = model.Summaries.Count;
            model.Summaries.Add(new()
            {
                Row = place,
                Key = continuation.Key,
                Text = next < 0 ? null : continuation.Text,
                Next = next,
            });
        }

        TakeWaits(ref row, hashes, prefix, answerFollows);
        if (Details.WaitsOf(row.Id) != row.Waits || Details.KeysOf(row.Id) != row.Keys || row.Summary >= 0)
        {
            row.Details = RowDetails.Keep(model.Bytes, _waits, answer.SummaryKeys);
        }
    }

    // The longest beginning that is there before a place, and of those that have it the best.
    private bool FindBeginning(int place, ref TrainRow row, RequestHashes hashes, out int prefix)
    {
        for (prefix = 0; prefix < hashes.Prefixes.Count; prefix++)
        {
            var beginning = hashes.Prefixes[prefix];
            var newest = model.Newest(Digest.Of(beginning.LinkHash), place);
            if (newest < 0)
            {
                continue;
            }

            var answered = beginning.NextAnswerHash is { } next
                ? model.NewestAnswered(Digest.Of(LinkRules.Answered(beginning.LinkHash, next)), place)
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
        row.Waits = 0;
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
            row.Waits += LinkFacts.Sum(wait);
        }
    }

    private static RequestHashes Hash(CopyRows rows, int field, bool isCompatible)
    {
        try
        {
            return isCompatible ? RequestHasher.Hash(Body(rows, field)) : RequestHasher.HashLinks(Body(rows, field));
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

    // Whole where its hashes are those of the body, with all that it begins with.
    private readonly record struct ReadRequest(
        TrainRow Row, RequestHashes? Hashes, AnswerHashes? Answer, bool IsWhole);
}
