using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using Nexus.Data.Totals;
using Npgsql;

namespace Nexus.Data.Conversations;

/// <summary>Moves all that hangs on a request after it, in one statement, and what is tracked with it.</summary>
internal sealed class LinkMoves(DbContext db, string trainId, TrackedLinks tracked)
{
    public delegate Task<string> FreeName(
        Guid conversationId, string name, IReadOnlyCollection<string> given, CancellationToken cancellationToken);

    /// <summary>Moves what hangs on <paramref name="request"/>, which has its new place already.</summary>
    /// <param name="request">The request that was placed anew.</param>
    /// <param name="before">Where it stood.</param>
    /// <param name="freeName">Finds a name that is free in a conversation and not among those given.</param>
    /// <param name="change">Told of each tracked request before it is changed.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public async Task FollowAsync(
        ApiRequest request, LinkPlace before, FreeName freeName, Action<object> change, CancellationToken cancellationToken)
    {
        var hanging = Hanging(request);
        if (HasMoved(request, before))
        {
            await MoveAsync(request, before, hanging, freeName, change, cancellationToken);
        }

        if (request.RetryOfRequestId is { } first)
        {
            await db.ExecuteAsync(
                LinkStatements.MoveRetries,
                [DbCommands.Uuid("id", request.RequestId), DbCommands.Uuid("first", first)], cancellationToken);
            foreach (var retry in hanging.Select(child => child.Request)
                         .Where(child => child.RetryOfRequestId == request.RequestId))
            {
                change(retry);
                retry.RetryOfRequestId = first;
            }
        }
    }

    private static bool HasMoved(ApiRequest request, LinkPlace before)
        => request.ConversationId is not null && before.ConversationId is not null
           && (request.ConversationId != before.ConversationId || before.BranchId != request.BranchId
               || before.IsSubtask != (request.IsSubtask is true)
               || before.ParentTaskRequestId != request.ParentTaskRequestId);

    private async Task MoveAsync(
        ApiRequest request, LinkPlace before, List<(ApiRequest Request, bool IsOwn)> hanging, FreeName freeName,
        Action<object> change, CancellationToken cancellationToken)
    {
        var (conversation, from) = (request.ConversationId!.Value, before.ConversationId!.Value);
        await db.ReadAsync(
            LinkStatements.LockAll,
            [
                DbCommands.Longs("keys", [.. new[] { conversation, from }.Distinct()
                    .Select(id => LinkKeys.ConversationLock(trainId, id)).Order()]),
            ],
            (_, _) => Task.FromResult(0), cancellationToken);

        var names = await BranchesAsync(request, before, hanging, freeName, cancellationToken);
        NpgsqlParameter[] parameters =
        [
            DbCommands.Uuid("id", request.RequestId),
            DbCommands.Uuid("conversation", conversation),
            DbCommands.Uuid("from", from),
            DbCommands.Texts("before", [.. names.Keys]),
            DbCommands.Texts("after", [.. names.Values]),
            DbCommands.Flag("is_subtask", request.IsSubtask is true),
            DbCommands.Uuid("parent_task", request.ParentTaskRequestId),
        ];
        var left = await db.ReadAllAsync(
            LinkStatements.MoveHanging, Named(LinkStatements.MoveHanging, parameters), row => row.GetGuid(0), cancellationToken);
        foreach (var changed in left.Append(conversation))
        {
            TotalsChanges.Of(db).Count(trainId, changed);
        }

        if (conversation != from)
        {
            await ExecuteAsync(LinkStatements.DropClashingAnalyses, parameters, cancellationToken);
            await ExecuteAsync(LinkStatements.MoveAnalyses, parameters, cancellationToken);
        }

        foreach (var (child, isOwn) in hanging)
        {
            Follow(child, isOwn, request, names, change);
        }
    }

    // The statements share parameters, and each takes those that it names.
    private Task<int> ExecuteAsync(string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
        => db.ExecuteAsync(sql, Named(sql, parameters), cancellationToken);

    private static NpgsqlParameter[] Named(string sql, NpgsqlParameter[] parameters)
        => [.. parameters.Where(parameter => sql.Contains('@' + parameter.ParameterName, StringComparison.Ordinal))
            .Select(parameter => (NpgsqlParameter)((ICloneable)parameter).Clone())];

    // The new name of each branch that moves. The request's own is given; the others keep theirs where it is free.
    private async Task<Dictionary<string, string>> BranchesAsync(
        ApiRequest request, LinkPlace before, List<(ApiRequest Request, bool IsOwn)> hanging, FreeName freeName,
        CancellationToken cancellationToken)
    {
        var conversation = request.ConversationId!.Value;
        var names = new Dictionary<string, string>(StringComparer.Ordinal) { [before.BranchId] = request.BranchId! };
        if (conversation == before.ConversationId)
        {
            return names;
        }

        var branches = await db.ReadAsync(
            LinkStatements.FindHangingBranches, [DbCommands.Uuid("id", request.RequestId)],
            async (reader, token) =>
            {
                var read = new List<(string Name, DateTimeOffset Since)>();
                while (await reader.ReadAsync(token))
                {
                    if (!reader.IsDBNull(0) && reader.GetGuid(0) == before.ConversationId && !reader.IsDBNull(1))
                    {
                        read.Add((reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2)));
                    }
                }

                return read;
            },
            cancellationToken);
        branches.AddRange(hanging
            .Where(child => child.Request.ConversationId == before.ConversationId && child.Request.BranchId is not null)
            .Select(child => (child.Request.BranchId!, child.Request.Timestamp)));

        foreach (var (name, since) in branches.OrderBy(branch => branch.Since).ThenBy(branch => branch.Name, StringComparer.Ordinal))
        {
            if (!names.ContainsKey(name))
            {
                names[name] = await NameAsync(conversation, name, since, names, freeName, cancellationToken);
            }
        }

        return names;
    }

    private async Task<string> NameAsync(
        Guid conversation, string name, DateTimeOffset since, Dictionary<string, string> names, FreeName freeName,
        CancellationToken cancellationToken)
    {
        if (BranchNames.SubtaskNumber(name) is not null)
        {
            var last = await db.ReadAsync(
                LinkStatements.FindLastSubtask, [DbCommands.Uuid("conversation", conversation)],
                async (reader, token) => await reader.ReadAsync(token) ? reader.GetInt32(0) : 0, cancellationToken);
            var unsaved = tracked.BranchNames(conversation, Guid.Empty).Concat(names.Values).Max(BranchNames.SubtaskNumber);
            return BranchNames.Subtask(Math.Max(last, unsaved ?? 0) + 1);
        }

        return await freeName(
            conversation, name == ApiRequest.MainBranch ? BranchNames.Fork(since) : name, names.Values, cancellationToken);
    }

    // Tracked requests below, with whether they are the request's own turns and not those of a sub-task below it.
    private List<(ApiRequest Request, bool IsOwn)> Hanging(ApiRequest root)
    {
        var all = db.ChangeTracker.Entries<ApiRequest>().Select(entry => entry.Entity).ToList();
        var found = new List<(ApiRequest Request, bool IsOwn)>();
        var seen = new HashSet<Guid> { root.RequestId };
        var open = new Queue<(Guid Id, bool IsOwn)>([(root.RequestId, true)]);
        while (open.TryDequeue(out var above))
        {
            foreach (var child in all.Where(other => other.ParentRequestId == above.Id || other.RetryOfRequestId == above.Id))
            {
                if (seen.Add(child.RequestId))
                {
                    var isOwn = above.IsOwn && child.LinkKind is not LinkKind.Subtask;
                    found.Add((child, isOwn));
                    open.Enqueue((child.RequestId, isOwn));
                }
            }
        }

        return found;
    }

    private void Follow(
        ApiRequest child, bool isOwn, ApiRequest root, Dictionary<string, string> names, Action<object> change)
    {
        change(child);
        child.ConversationId = root.ConversationId;
        child.BranchId = child.BranchId is { } branch ? names.GetValueOrDefault(branch, branch) : null;
        if (isOwn)
        {
            child.IsSubtask = root.IsSubtask;
            child.ParentTaskRequestId = root.ParentTaskRequestId;
        }

        tracked.Add(child);
    }
}
