using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Persistence;
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
            written = await db.ExecuteAsync(RebuildStatements.Update, [], cancellationToken);
            await db.ExecuteAsync(RebuildStatements.MoveAnalyses, [], cancellationToken);
        }

        await WriteWaitsAsync(plan, cancellationToken);
        await WriteKeysAsync(plan, cancellationToken);
        await WritePromptsAsync(plan, cancellationToken);
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
            var isPlaced = row.Kind is not null;
            await import.StartRowAsync(cancellationToken);
            await import.WriteAsync(row.Id, NpgsqlDbType.Uuid, cancellationToken);
            await import.WriteAsync(row.Version, NpgsqlDbType.Xid, cancellationToken);
            await UuidAsync(links.ConversationOf(place));
            await import.WriteAsync(links.Model.Text(row.Branch), NpgsqlDbType.Text, cancellationToken);
            await UuidAsync(links.Id(row.Parent));
            await UuidAsync(links.Id(row.ParentTask));
            await import.WriteAsync(row.Traits.HasFlag(RowTraits.IsSubtask), NpgsqlDbType.Boolean, cancellationToken);
            await TextAsync(row.Kind is { } kind ? EnumText<LinkKind>.Word(kind) : null);
            await NumberAsync(links.DistanceOf(place));
            await NumberAsync(links.CandidatesOf(place));
            await UuidAsync(links.Id(row.RetryOf));
            if (isPlaced)
            {
                await import.WriteAsync(links.ClaimsBranch(place), NpgsqlDbType.Boolean, cancellationToken);
            }
            else
            {
                await import.WriteNullAsync(cancellationToken);
            }

            await StageHashesAsync(import, plan, place, cancellationToken);
        }

        await import.CompleteAsync(cancellationToken);

        Task UuidAsync(Guid id) => id == Guid.Empty
            ? import.WriteNullAsync(cancellationToken)
            : import.WriteAsync(id, NpgsqlDbType.Uuid, cancellationToken);

        Task TextAsync(string? text) => text is null
            ? import.WriteNullAsync(cancellationToken)
            : import.WriteAsync(text, NpgsqlDbType.Text, cancellationToken);

        Task NumberAsync(int? number) => number is null
            ? import.WriteNullAsync(cancellationToken)
            : import.WriteAsync(number.Value, NpgsqlDbType.Integer, cancellationToken);
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
        if (values.MessageCount < 0)
        {
            await import.WriteNullAsync(cancellationToken);
        }
        else
        {
            await import.WriteAsync(values.MessageCount, NpgsqlDbType.Integer, cancellationToken);
        }

        if (values.Model < 0)
        {
            await import.WriteNullAsync(cancellationToken);
        }
        else
        {
            await import.WriteAsync(model.Text(values.Model), NpgsqlDbType.Text, cancellationToken);
        }

        await BytesAsync(values.Link);
        await import.WriteAsync(LinkHash.Version, NpgsqlDbType.Smallint, cancellationToken);
        await BytesAsync(values.HasLinkHashes ? model.SystemHash(row.System) : null);
        await BytesAsync(values.Answer);
        await BytesAsync(values.HasLinkHashes ? model.UserHash(row.User) : null);
        await BytesAsync(FactsOf(plan, place, values.Facts));

        // A ref struct does not live across an await.
        (bool HasLinkHashes, int MessageCount, int Model, byte[]? Current, byte[]? Parent, byte[]? System, byte[]? Link,
            byte[]? Answer, byte[]? Facts) Values()
        {
            var kept = new RowHashes(model.Bytes.Get(row.Hashes));
            return (kept.HasLinkHashes, kept.MessageCount, kept.Model, kept[RowHashes.Current], kept[RowHashes.Parent],
                kept[RowHashes.System], kept[RowHashes.Link], kept[RowHashes.Answer], kept[RowHashes.Facts]);
        }

        Task HexadecimalAsync(byte[]? hash) => hash is null
            ? import.WriteNullAsync(cancellationToken)
            : import.WriteAsync(Convert.ToHexStringLower(hash), NpgsqlDbType.Text, cancellationToken);

        Task BytesAsync(byte[]? hash) => hash is null
            ? import.WriteNullAsync(cancellationToken)
            : import.WriteAsync(hash, NpgsqlDbType.Bytea, cancellationToken);
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

        if (row.WholeFacts != 0 && row.Kind is not (null or LinkKind.Retry) && plan.Links.DistanceOf(place) != 1)
        {
            facts = model.Bytes.Get(row.WholeFacts).ToArray();
        }

        facts[0] = (byte)((row.Traits.HasFlag(RowTraits.HasCompatibleHash) ? LinkFacts.HasCurrentHash : 0)
            | (row.Traits.HasFlag(RowTraits.HasParentHash) || plan.FillsParentHash(ref row) ? LinkFacts.HasParentHash : 0)
            | (row.Traits.HasFlag(RowTraits.HasSystemHash) ? LinkFacts.HasSystemHash : 0)
            | (row.Model >= 0 ? LinkFacts.NamesModel : 0));
        return facts;
    }

    private async Task WriteWaitsAsync(TrainPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Waits.Count == 0)
        {
            return;
        }

        var model = plan.Links.Model;
        await DropAsync(RebuildStatements.DropWaits, model, plan.Waits, cancellationToken);
        await using var import = await connection.BeginBinaryImportAsync(RebuildStatements.CopyWaits, cancellationToken);
        import.Timeout = Timeout.InfiniteTimeSpan;
        foreach (var place in plan.Waits.Where(place => plan.WaitsOf(place) != 0))
        {
            var waits = RowDetails.Waits(model.Bytes.Get(model[place].Details));
            if (plan.Links.SummaryWait(place) is { } wait)
            {
                waits.Add(wait);
            }

            await WriteKeysAsync(import, model, place, waits, cancellationToken);
        }

        await import.CompleteAsync(cancellationToken);
    }

    private async Task WriteKeysAsync(TrainPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Keys.Count == 0)
        {
            return;
        }

        var model = plan.Links.Model;
        await DropAsync(RebuildStatements.DropKeys, model, plan.Keys, cancellationToken);
        await using var import = await connection.BeginBinaryImportAsync(RebuildStatements.CopyKeys, cancellationToken);
        import.Timeout = Timeout.InfiniteTimeSpan;
        foreach (var place in plan.Keys)
        {
            await WriteKeysAsync(
                import, model, place, RowDetails.Keys(model.Bytes.Get(model[place].Details)), cancellationToken);
        }

        await import.CompleteAsync(cancellationToken);
    }

    private static async Task WriteKeysAsync(
        NpgsqlBinaryImporter import, TrainModel model, int place, List<byte[]> keys, CancellationToken cancellationToken)
    {
        foreach (var key in keys)
        {
            await import.StartRowAsync(cancellationToken);
            await import.WriteAsync(model[place].Id, NpgsqlDbType.Uuid, cancellationToken);
            await import.WriteAsync(key, NpgsqlDbType.Bytea, cancellationToken);
            await import.WriteAsync(model.TrainId, NpgsqlDbType.Text, cancellationToken);
            await import.WriteAsync(
                PostgresTime.Of(model[place].Time).UtcDateTime, NpgsqlDbType.TimestampTz, cancellationToken);
        }
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
            for (var i = model.FirstPromptFrom(place); i < model.FirstPromptFrom(place + 1); i++)
            {
                var prompt = model.Prompts[i];
                await import.StartRowAsync(cancellationToken);
                await import.WriteAsync(model[place].Id, NpgsqlDbType.Uuid, cancellationToken);
                await import.WriteAsync(prompt.Ordinal, NpgsqlDbType.Integer, cancellationToken);
                await import.WriteAsync(model.TrainId, NpgsqlDbType.Text, cancellationToken);
                await import.WriteAsync(
                    PostgresTime.Of(model[place].Time).UtcDateTime, NpgsqlDbType.TimestampTz, cancellationToken);
                await (prompt.ToolUseId is null
                    ? import.WriteNullAsync(cancellationToken)
                    : import.WriteAsync(prompt.ToolUseId, NpgsqlDbType.Text, cancellationToken));
                await import.WriteAsync(model.Bytes.Get(prompt.Hash).ToArray(), NpgsqlDbType.Bytea, cancellationToken);
                await (prompt.Subtask < 0
                    ? import.WriteNullAsync(cancellationToken)
                    : import.WriteAsync(model[prompt.Subtask].Id, NpgsqlDbType.Uuid, cancellationToken));
            }
        }

        await import.CompleteAsync(cancellationToken);
    }

    private Task<int> DropAsync(string sql, TrainModel model, List<int> places, CancellationToken cancellationToken)
        => db.ExecuteAsync(
            sql, [DbCommands.Uuids("ids", [.. places.Select(place => model[place].Id)])], cancellationToken);
}
