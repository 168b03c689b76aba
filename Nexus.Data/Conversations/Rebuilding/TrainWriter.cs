using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Persistence;
using Nexus.Data.Totals;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>Writes what a plan says, set-based, in the caller's transaction, which holds the train's lock.</summary>
internal sealed class TrainWriter(NexusDbContext db, NpgsqlConnection connection)
{
    /// <summary>Writes the plan.</summary>
    /// <returns>False where others wrote some of the rows meanwhile: these are as the others left them.</returns>
    public async Task<bool> WriteAsync(TrainPlan plan, CancellationToken cancellationToken)
    {
        var written = 0;
        if (plan.Rows.Count > 0)
        {
            await db.ExecuteAsync(RebuildStatements.Stage, [], cancellationToken);
            await StageAsync(plan, cancellationToken);
            await db.ExecuteAsync(RebuildStatements.FillParentHashes, [], cancellationToken);
            await db.ExecuteAsync(RebuildStatements.PlanAnalyses, [], cancellationToken);
            await db.ExecuteAsync(RebuildStatements.StageTotals, [], cancellationToken);
            written = await db.ExecuteAsync(RebuildStatements.Update, [], cancellationToken);
            await db.ExecuteAsync(RebuildStatements.MoveAnalyses, [], cancellationToken);
        }

        await WriteWaitsAsync(plan, cancellationToken);
        await WriteKeysAsync(plan, cancellationToken);
        await WritePromptsAsync(plan, cancellationToken);
        if (plan.Rows.Count > 0)
        {
            await db.ExecuteAsync(TotalsStatements.CountStaged, [], cancellationToken);
        }

        return written == plan.Rows.Count;
    }

    private async Task StageAsync(TrainPlan plan, CancellationToken cancellationToken)
    {
        var links = plan.Links;
        await using var import = await connection.BeginBinaryImportAsync(RebuildStatements.CopyIn, cancellationToken);
        import.Timeout = Timeout.InfiniteTimeSpan;
        foreach (var place in plan.Rows)
        {
            var row = links.Model[place];
            await import.StartRowAsync(cancellationToken);
            await import.WriteAsync(row.Id, NpgsqlDbType.Uuid, cancellationToken);
            await import.WriteAsync(row.Version, NpgsqlDbType.Xid, cancellationToken);
            await UuidAsync(links.ConversationOf(place));
            await import.WriteAsync(links.Model.Text(row.Branch), NpgsqlDbType.Text, cancellationToken);
            await UuidAsync(links.Id(row.Parent));
            await UuidAsync(links.Id(row.ParentTask));
            await import.WriteAsync(row.Traits.HasFlag(RowTraits.IsSubtask), NpgsqlDbType.Boolean, cancellationToken);
            await import.WriteOrNullAsync(
                row.Kind is { } kind ? EnumText<LinkKind>.Word(kind) : null, NpgsqlDbType.Text, cancellationToken);
            await import.WriteOrNullAsync(links.DistanceOf(place), NpgsqlDbType.Integer, cancellationToken);
            await import.WriteOrNullAsync(links.CandidatesOf(place), NpgsqlDbType.Integer, cancellationToken);
            await UuidAsync(links.Id(row.RetryOf));
            await import.WriteOrNullAsync(
                row.Kind is null ? default(bool?) : links.ClaimsBranch(place), NpgsqlDbType.Boolean, cancellationToken);
            await StageHashesAsync(import, plan, place, cancellationToken);
        }

        await import.CompleteAsync(cancellationToken);

        Task UuidAsync(Guid id)
            => import.WriteOrNullAsync(id == Guid.Empty ? default(Guid?) : id, NpgsqlDbType.Uuid, cancellationToken);
    }

    private static async Task StageHashesAsync(
        NpgsqlBinaryImporter import, TrainPlan plan, int place, CancellationToken cancellationToken)
    {
        var model = plan.Links.Model;
        var row = model[place];
        var values = Values();
        await HexadecimalAsync(plan.FillsParentHash(ref row) && row.Kind is not LinkKind.Continuation
            ? values.Parent : null);
        await import.WriteAsync(values.HasLinkHashes, NpgsqlDbType.Boolean, cancellationToken);
        await HexadecimalAsync(values.Current);
        await HexadecimalAsync(values.System);
        await import.WriteOrNullAsync(
            values.MessageCount < 0 ? default(int?) : values.MessageCount, NpgsqlDbType.Integer, cancellationToken);
        await import.WriteOrNullAsync(
            row.Model < 0 ? null : model.Text(row.Model), NpgsqlDbType.Text, cancellationToken);
        await BytesAsync(values.Link);
        await import.WriteAsync(LinkHash.Version, NpgsqlDbType.Smallint, cancellationToken);
        await BytesAsync(values.HasLinkHashes ? model.SystemHash(row.System) : null);
        await BytesAsync(values.Answer);
        await BytesAsync(values.HasLinkHashes ? model.UserHash(row.User) : null);
        await BytesAsync(FactsOf(plan, place, values.Facts));

        // A ref struct does not live across an await.
        (bool HasLinkHashes, int MessageCount, byte[]? Current, byte[]? Parent, byte[]? System, byte[]? Link,
            byte[]? Answer, byte[]? Facts) Values()
        {
            var kept = new RowHashes(model.Bytes.Get(row.Hashes));
            return (kept.HasLinkHashes, kept.MessageCount, kept[RowHashes.Current], kept[RowHashes.Parent],
                kept[RowHashes.System], row.Messages.With(kept[RowHashes.Link]), row.Answered.With(kept[RowHashes.Answer]),
                kept[RowHashes.Facts]);
        }

        Task HexadecimalAsync(byte[]? hash) => import.WriteOrNullAsync(
            hash is null ? null : Convert.ToHexStringLower(hash), NpgsqlDbType.Text, cancellationToken);

        Task BytesAsync(byte[]? hash) => import.WriteOrNullAsync(hash, NpgsqlDbType.Bytea, cancellationToken);
    }

    // With all beginnings where linking one by one writes them down, and the columns that are filled when it is done.
    private static byte[]? FactsOf(TrainPlan plan, int place, byte[]? facts)
    {
        var model = plan.Links.Model;
        ref var row = ref model[place];
        if (facts is null)
        {
            return null;
        }

        if (row.WholeFacts != 0 && row.Kind is not (null or LinkKind.Retry))
        {
            facts = model.Bytes.Get(row.WholeFacts).ToArray();
        }

        facts[0] = LinkFacts.Filled(
            row.Traits.HasFlag(RowTraits.HasCompatibleHash),
            row.Traits.HasFlag(RowTraits.HasParentHash) || plan.FillsParentHash(ref row),
            row.Traits.HasFlag(RowTraits.HasSystemHash), row.Model >= 0);
        return facts;
    }

    private Task WriteWaitsAsync(TrainPlan plan, CancellationToken cancellationToken)
    {
        var model = plan.Links.Model;
        return ReplaceAsync(
            model, plan.Waits, RebuildStatements.DropWaits, RebuildStatements.CopyWaits,
            place => plan.WaitsOf(place) == 0 ? []
                : plan.Links.SummaryWait(place) is { } wait ? [.. RowDetails.Waits(Kept(place)), wait]
                : RowDetails.Waits(Kept(place)),
            cancellationToken);

        ReadOnlySpan<byte> Kept(int place) => model.Bytes.Get(model[place].Details);
    }

    private Task WriteKeysAsync(TrainPlan plan, CancellationToken cancellationToken)
    {
        var model = plan.Links.Model;
        return ReplaceAsync(
            model, plan.Keys, RebuildStatements.DropKeys, RebuildStatements.CopyKeys,
            place => RowDetails.Keys(model.Bytes.Get(model[place].Details)), cancellationToken);
    }

    // The keys of requests in one of the two tables of keys, all of them anew.
    private async Task ReplaceAsync(
        TrainModel model, List<int> places, string drop, string copy, Func<int, List<byte[]>> keys,
        CancellationToken cancellationToken)
    {
        if (places.Count == 0)
        {
            return;
        }

        await DropAsync(drop, model, places, cancellationToken);
        await using var import = await connection.BeginBinaryImportAsync(copy, cancellationToken);
        import.Timeout = Timeout.InfiniteTimeSpan;
        foreach (var place in places)
        {
            foreach (var key in keys(place))
            {
                await import.StartRowAsync(cancellationToken);
                await import.WriteAsync(model[place].Id, NpgsqlDbType.Uuid, cancellationToken);
                await import.WriteAsync(key, NpgsqlDbType.Bytea, cancellationToken);
                await import.WriteAsync(model.TrainId, NpgsqlDbType.Text, cancellationToken);
                await import.WriteAsync(
                    PostgresTime.Of(model[place].Time).UtcDateTime, NpgsqlDbType.TimestampTz, cancellationToken);
            }
        }

        await import.CompleteAsync(cancellationToken);
    }

    private async Task WritePromptsAsync(TrainPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Prompts.Count == 0)
        {
            return;
        }

        var model = plan.Links.Model;
        await DropAsync(RebuildStatements.DropPrompts, model, plan.Prompts, cancellationToken);
        await using var import = await connection.BeginBinaryImportAsync(RebuildStatements.CopyPrompts, cancellationToken);
        import.Timeout = Timeout.InfiniteTimeSpan;
        foreach (var place in plan.Prompts)
        {
            var end = model.FirstPromptFrom(place + 1);
            for (var i = model.FirstPromptFrom(place); i < end; i++)
            {
                var prompt = model.Prompts[i];
                await import.StartRowAsync(cancellationToken);
                await import.WriteAsync(model[place].Id, NpgsqlDbType.Uuid, cancellationToken);
                await import.WriteAsync(prompt.Ordinal, NpgsqlDbType.Integer, cancellationToken);
                await import.WriteAsync(model.TrainId, NpgsqlDbType.Text, cancellationToken);
                await import.WriteAsync(
                    PostgresTime.Of(model[place].Time).UtcDateTime, NpgsqlDbType.TimestampTz, cancellationToken);
                await import.WriteOrNullAsync(prompt.ToolUseId, NpgsqlDbType.Text, cancellationToken);
                await import.WriteAsync(model.Bytes.Get(prompt.Hash).ToArray(), NpgsqlDbType.Bytea, cancellationToken);
                await import.WriteOrNullAsync(
                    prompt.Subtask < 0 ? default(Guid?) : model[prompt.Subtask].Id, NpgsqlDbType.Uuid, cancellationToken);
            }
        }

        await import.CompleteAsync(cancellationToken);
    }

    private Task<int> DropAsync(string sql, TrainModel model, List<int> places, CancellationToken cancellationToken)
        => db.ExecuteAsync(
            sql, [DbCommands.Uuids("ids", [.. places.Select(place => model[place].Id)])], cancellationToken);
}
