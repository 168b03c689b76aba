using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Persistence;
using Npgsql;
using static Nexus.Data.Persistence.DbCommands;

namespace Nexus.Data.Conversations;

/// <summary>Asks the database what requests may hang on: locks and look-ups of a whole batch in one round trip.</summary>
internal sealed class LinkLookup(DbContext db, bool holdsTrain)
{
    /// <summary>Takes the locks and looks up each subject.</summary>
    /// <returns>What was found, in the subjects' order; null where the train is locked by a rebuild or an import.</returns>
    public async Task<IReadOnlyList<FoundLinks>?> FindAsync(
        string trainId, IReadOnlyList<LinkSubject> subjects, int givenAway, bool savepoint,
        CancellationToken cancellationToken)
    {
        var sql = new StringBuilder();
        var parameters = new List<NpgsqlParameter>
        {
            Long("train_lock", LinkKeys.TrainLock(trainId)),
            Text("train", trainId),
        };
        if (savepoint)
        {
            sql.Append(LinkStatements.Savepoint).Append(';');
        }

        long[] locks = holdsTrain ? [] : [.. subjects.SelectMany(subject => Locks(trainId, subject)).Distinct().Order()];
        sql.Append(locks.Length == 1 ? LinkStatements.LockOne : LinkStatements.LockMany);
        parameters.Add(locks.Length == 1 ? Long("lock", locks[0]) : Longs("locks", locks));

        var rivals = Rivals(subjects);
        for (var i = 0; i < subjects.Count; i++)
        {
            Append(sql, parameters, subjects[i], i, givenAway + rivals(subjects[i]));
        }

        return await db.ReadAsync(sql.ToString(), parameters, (reader, token) => ReadAsync(reader, subjects, token), cancellationToken);
    }

    /// <summary>Looks for more answers that begin like the subject's summary.</summary>
    public Task<FoundLinks> FindSummariesAsync(
        string trainId, LinkSubject subject, int seen, CancellationToken cancellationToken)
    {
        var parameters = new List<NpgsqlParameter>
        {
            Text("train", trainId),
            Uuid("id", subject.Request.RequestId),
            Time("time", subject.Request.Timestamp),
            Text("system", subject.Hashes.SystemHash),
            Bytes("stable_system", subject.Hashes.StableSystemHash),
        };
        AddSummary(parameters, subject, suffix: "", seen);
        return db.ReadAsync(
            LinkStatements.FindSummaries(suffix: ""), parameters,
            async (reader, token) =>
            {
                var found = new FoundLinks();
                await ReadSummariesAsync(reader, found, token);
                return found;
            },
            cancellationToken);
    }

    // The keys of all that must not be decided twice at once: what begins alike, the openings that an answer asks for,
    // and the summaries that are continued.
    private static IEnumerable<long> Locks(string trainId, LinkSubject subject)
    {
        if (subject.Hashes.FirstMessageHash is { } first)
        {
            yield return LinkKeys.OpeningLock(trainId, first);
        }

        if (subject.Hashes.Continuation is { } continuation)
        {
            yield return LinkKeys.SummaryLock(trainId, continuation.Key);
        }

        foreach (var prompt in subject.Answer.PromptedTasks)
        {
            yield return LinkKeys.OpeningLock(trainId, LinkSubject.OpeningHash(prompt.Prompt));
        }

        foreach (var key in subject.Answer.SummaryKeys)
        {
            yield return LinkKeys.SummaryLock(trainId, key);
        }
    }

    // Of a batch's openings with one text each may find what another takes, and needs the next one then.
    private static Func<LinkSubject, int> Rivals(IReadOnlyList<LinkSubject> subjects)
    {
        if (subjects.Count == 1)
        {
            return _ => 0;
        }

        var texts = subjects.Select(subject => subject.Hashes.OpeningTextHash).OfType<byte[]>()
            .GroupBy(Convert.ToHexString).ToDictionary(text => text.Key, text => text.Count());
        return subject => subject.Hashes.OpeningTextHash is { } text ? texts[Convert.ToHexString(text)] - 1 : 0;
    }

    // The statements' texts are equal on the wire, where parameters are numbered, so that one prepared statement serves
    // all subjects.
    private static void Append(
        StringBuilder sql, List<NpgsqlParameter> parameters, LinkSubject subject, int index, int givenAway)
    {
        var hashes = subject.Hashes;
        var time = subject.Request.Timestamp;
        var suffix = index == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"_{index}");
        sql.Append(';').Append(LinkStatements.FindLinks(suffix));
        parameters.AddRange(
        [
            Uuid("id" + suffix, subject.Request.RequestId),
            Time("time" + suffix, time),
            Text("system" + suffix, hashes.SystemHash),
            Bytes("stable_system" + suffix, hashes.StableSystemHash),
            Text("model" + suffix, subject.Model),
            Bytes("user" + suffix, hashes.UserIdHash),
            Bytes("messages" + suffix, hashes.LinkHash),
            Bytes("beginnings" + suffix, Joined(hashes.Prefixes, prefix => prefix.LinkHash)),
            Bytes("following" + suffix, Joined(hashes.Prefixes, prefix => prefix.NextAnswerHash)),
            Bytes("compatible" + suffix, Joined(hashes.Prefixes, prefix => prefix.CompatibleHash)),
            Bytes("text" + suffix, hashes.OpeningTextHash),
            Number("given_away" + suffix, givenAway),
            BytesList("shown" + suffix, [.. subject.Shown.Select(shown => shown.Key)]),
            Times("shown_until" + suffix, [.. subject.Shown.Select(shown => shown.Until)]),
            Numbers("shown_reasons" + suffix, [.. subject.Shown.Select(shown => (int?)shown.Reason)]),
            Time("retried_since" + suffix, time - LinkRules.RetryWindow),
            Time("repeated_until" + suffix, time + LinkRules.RetryWindow),
            Time("prompted_since" + suffix, time - LinkRules.SubtaskWindow),
        ]);

        if (hashes.Continuation is not null)
        {
            sql.Append(';').Append(LinkStatements.FindSummaries(suffix));
            AddSummary(parameters, subject, suffix, seen: 0);
        }
    }

    private static void AddSummary(List<NpgsqlParameter> parameters, LinkSubject subject, string suffix, int seen)
    {
        parameters.Add(Bytes("summary" + suffix, subject.Hashes.Continuation!.Key));
        parameters.Add(Time("summary_since" + suffix, subject.Request.Timestamp - LinkRules.ContinuationWindow));
        parameters.Add(Number("summaries_seen" + suffix, seen));
    }

    // Digests one after the other, zeros for those that are missing: far cheaper to send than as many array elements.
    private static byte[] Joined(IReadOnlyList<MessagePrefix> prefixes, Func<MessagePrefix, byte[]?> digest)
    {
        var joined = new byte[prefixes.Count * SHA256.HashSizeInBytes];
        for (var i = 0; i < prefixes.Count; i++)
        {
            digest(prefixes[i])?.CopyTo(joined, i * SHA256.HashSizeInBytes);
        }

        return joined;
    }

    private static byte[] Joined(IReadOnlyList<MessagePrefix> prefixes, Func<MessagePrefix, string?> digits)
        => Joined(prefixes, prefix => digits(prefix) is { } hash ? Convert.FromHexString(hash) : null);

    private static async Task<IReadOnlyList<FoundLinks>?> ReadAsync(
        DbDataReader reader, IReadOnlyList<LinkSubject> subjects, CancellationToken cancellationToken)
    {
        await reader.ReadAsync(cancellationToken);
        if (!reader.GetBoolean(0))
        {
            return null;
        }

        var all = new List<FoundLinks>(subjects.Count);
        foreach (var subject in subjects)
        {
            var found = new FoundLinks();
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                Add(found, reader);
            }

            if (subject.Hashes.Continuation is not null)
            {
                await reader.NextResultAsync(cancellationToken);
                await ReadSummariesAsync(reader, found, cancellationToken);
            }

            all.Add(found);
        }

        return all;
    }

    private static void Add(FoundLinks found, DbDataReader reader)
    {
        var candidate = Candidate(reader);
        switch (reader.GetString(0))
        {
            case LinkStatements.Parent:
                found.Parent = candidate;
                break;
            case LinkStatements.FailedRetry:
                found.FailedRetry = candidate with { Prefix = 0 };
                break;
            case LinkStatements.Retry:
                found.SilentRetry = candidate with { Prefix = 0 };
                break;
            case LinkStatements.Task:
                found.Tasks.Add((candidate with { Prefix = 0 }, reader.GetInt32(1)));
                break;
            case LinkStatements.Waiting:
                found.Waiting.Add((candidate with { Prefix = 0 }, (WaitReason)candidate.Prefix));
                break;
            default:
                found.Again.Add(candidate);
                break;
        }
    }

    private static async Task ReadSummariesAsync(
        DbDataReader reader, FoundLinks found, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken))
        {
            var answer = !reader.IsDBNull(18) ? reader.GetFieldValue<byte[]>(18)
                : reader.IsDBNull(17) ? null : Encoding.UTF8.GetBytes(reader.GetString(17));
            found.Summaries.Add((Candidate(reader), answer));
        }
    }

    private static LinkCandidate Candidate(DbDataReader reader)
        => new()
        {
            Prefix = reader.GetInt32(1),
            Count = (int)reader.GetInt64(2),
            IsBranchTaken = reader.ValueOrNull<bool>(3) is true,
            RequestId = reader.GetGuid(4),
            Timestamp = reader.GetFieldValue<DateTimeOffset>(5),
            ConversationId = reader.ValueOrNull<Guid>(6),
            BranchId = reader.TextOrNull(7) ?? Requests.ApiRequest.MainBranch,
            ParentRequestId = reader.ValueOrNull<Guid>(8),
            ParentTaskRequestId = reader.ValueOrNull<Guid>(9),
            IsSubtask = reader.ValueOrNull<bool>(10) is true,
            LinkDistance = reader.ValueOrNull<int>(11),
            RetryOfRequestId = reader.ValueOrNull<Guid>(12),
            LinkKind = reader.TextOrNull(13) is { } word ? EnumText<LinkKind>.Parse(word) : null,
            CurrentMessageHash = reader.TextOrNull(14),
            AnswerHash = reader.IsDBNull(15) ? null : reader.GetFieldValue<byte[]>(15),
            HasSameSystem = reader.GetBoolean(16),
        };
}
