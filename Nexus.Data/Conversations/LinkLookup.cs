using System.Data.Common;
using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
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
            Longs("locks", holdsTrain ? [] : [.. subjects.SelectMany(subject => Locks(trainId, subject)).Distinct().Order()]),
            Text("train", trainId),
        };
        if (savepoint)
        {
            sql.Append(LinkStatements.Savepoint).Append(';');
        }

        // Of a batch's openings with one text each may find what another takes, and needs the next one then.
        var texts = subjects.Select(subject => subject.Hashes.OpeningTextHash).OfType<byte[]>()
            .GroupBy(Convert.ToHexString).ToDictionary(text => text.Key, text => text.Count());
        sql.Append(LinkStatements.Lock);
        for (var i = 0; i < subjects.Count; i++)
        {
            var rivals = subjects[i].Hashes.OpeningTextHash is { } text ? texts[Convert.ToHexString(text)] - 1 : 0;
            Append(sql, parameters, subjects[i], i, givenAway + rivals);
        }

        sql.Append(';').Append(LinkStatements.Restore);

        return await db.ReadAsync(sql.ToString(), parameters, (reader, token) => ReadAsync(reader, subjects, token), cancellationToken);
    }

    /// <summary>Looks for more answers that begin like the subject's summary.</summary>
    public Task<FoundLinks> FindSummariesAsync(
        string trainId, LinkSubject subject, int seen, CancellationToken cancellationToken)
    {
        var parameters = new List<NpgsqlParameter> { Text("train", trainId) };
        var names = new Names(0);
        AddCommon(parameters, subject, names);
        AddSummary(parameters, subject, names, seen);
        return db.ReadAsync(
            names.In(LinkStatements.FindSummaries), parameters,
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

    private static void Append(
        StringBuilder sql, List<NpgsqlParameter> parameters, LinkSubject subject, int index, int givenAway)
    {
        var hashes = subject.Hashes;
        var names = new Names(index);
        var parts = new List<string>();
        AddCommon(parameters, subject, names);
        parameters.Add(BytesList(names["shown"], [.. subject.Shown.Select(shown => shown.Key)]));
        parameters.Add(Times(names["until"], [.. subject.Shown.Select(shown => shown.Until)]));
        parameters.Add(Numbers(names["reasons"], [.. subject.Shown.Select(shown => (int?)shown.Reason)]));

        if (hashes.Prefixes.Count > 0)
        {
            parts.Add(LinkStatements.FindParent);
            parameters.Add(BytesList(names["prefixes"], [.. hashes.Prefixes.Select(prefix => prefix.LinkHash)]));
            parameters.Add(BytesList(names["nexts"], [.. hashes.Prefixes.Select(prefix => prefix.NextAnswerHash)]));
            parameters.Add(Texts(names["compatible"], [.. hashes.Prefixes.Select(prefix => prefix.CompatibleHash)]));
        }

        if (hashes.LinkHash is { } own)
        {
            parts.Add(subject.IsOpening ? LinkStatements.FindRetriedOpening : LinkStatements.FindRetriedTurn);
            parts.Add(LinkStatements.FindAgain);
            parameters.Add(Bytes(names["own"], own));
            parameters.Add(Bytes(names["user"], hashes.UserIdHash));
            parameters.Add(Text(names["model"], subject.Model));
            parameters.Add(Time(names["recent"], subject.Request.Timestamp - LinkRules.RetryWindow));
            parameters.Add(Time(names["again_until"], subject.Request.Timestamp + LinkRules.RetryWindow));
        }

        if (hashes.OpeningTextHash is { } text)
        {
            parts.Add(LinkStatements.FindTask);
            parameters.Add(Bytes(names["text"], text));
            parameters.Add(Time(names["task_since"], subject.Request.Timestamp - LinkRules.SubtaskWindow));
            parameters.Add(Number(names["given_away"], givenAway));
        }

        parts.Add(LinkStatements.FindWaiting);
        sql.Append(';').AppendJoin("\nUNION ALL\n", parts.Select(part => $"({names.In(part)})"));

        if (hashes.Continuation is not null)
        {
            AddSummary(parameters, subject, names, seen: 0);
            sql.Append(';').Append(names.In(LinkStatements.FindSummaries));
        }
    }

    private static void AddCommon(List<NpgsqlParameter> parameters, LinkSubject subject, Names names)
    {
        parameters.Add(Uuid(names["id"], subject.Request.RequestId));
        parameters.Add(Time(names["time"], subject.Request.Timestamp));
        parameters.Add(Text(names["system"], subject.Hashes.SystemHash));
        parameters.Add(Bytes(names["stable_system"], subject.Hashes.StableSystemHash));
    }

    private static void AddSummary(List<NpgsqlParameter> parameters, LinkSubject subject, Names names, int seen)
    {
        parameters.Add(Bytes(names["summary"], subject.Hashes.Continuation!.Key));
        parameters.Add(Time(names["summary_since"], subject.Request.Timestamp - LinkRules.ContinuationWindow));
        parameters.Add(Number(names["summaries_seen"], seen));
    }

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
    {
        return new()
        {
            Prefix = reader.GetInt32(1),
            Count = (int)reader.GetInt64(2),
            IsBranchTaken = !reader.IsDBNull(3) && reader.GetBoolean(3),
            RequestId = reader.GetGuid(4),
            Timestamp = reader.GetFieldValue<DateTimeOffset>(5),
            ConversationId = Value<Guid>(6),
            BranchId = Text(7) ?? Requests.ApiRequest.MainBranch,
            ParentRequestId = Value<Guid>(8),
            ParentTaskRequestId = Value<Guid>(9),
            IsSubtask = Value<bool>(10) is true,
            LinkDistance = Value<int>(11),
            RetryOfRequestId = Value<Guid>(12),
            LinkKind = Text(13) is { } word ? EnumText<LinkKind>.Parse(word) : null,
            CurrentMessageHash = Text(14),
            AnswerHash = reader.IsDBNull(15) ? null : reader.GetFieldValue<byte[]>(15),
            HasSameSystem = reader.GetBoolean(16),
        };

        T? Value<T>(int column)
            where T : struct
            => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);

        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    }

    // Parameters of the n-th subject. The statements' texts stay equal on the wire, where parameters are numbered, so
    // that one prepared statement serves them all.
    private readonly struct Names(int index)
    {
        public string this[string name]
            => index == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}_{index}");

        public string In(string statement)
            => index == 0 ? statement : Parameters.Replace(statement, index);
    }

    private static class Parameters
    {
        public static string Replace(string statement, int index)
            => System.Text.RegularExpressions.Regex.Replace(
                statement, "@(?!train\\b)([a-z_]+)", $"@$1_{index.ToString(CultureInfo.InvariantCulture)}");
    }
}
