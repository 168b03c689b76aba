using System.Text;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Persistence;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>Finds the answers whose summaries are continued: by key first, then by the texts.</summary>
internal static class TrainSummaries
{
    private const int AtOnce = 64;

    private static readonly long _window = PostgresTime.Length(LinkRules.ContinuationWindow);

    /// <summary>Finds those that were not sought yet.</summary>
    public static async Task FindAsync(DbContext db, TrainModel model, CancellationToken cancellationToken)
    {
        var open = model.Summaries.Where(summary => summary.Text is not null).ToList();
        while (open.Count > 0)
        {
            // The newest answer that each of them has not seen, in one question.
            var asked = new List<(ContinuedSummary Summary, int Row)>();
            foreach (var summary in open.Take(AtOnce))
            {
                var (row, before) = summary.Next < 0 ? (-1, -1) : model.Key(summary.Next);
                summary.Next = before;
                if (row < 0 || model[row].Time < model[summary.Row].Time - _window)
                {
                    summary.Text = null;
                }
                else
                {
                    asked.Add((summary, row));
                }
            }

            var answers = await ReadAsync(db, [.. asked.Select(item => model[item.Row].Id).Distinct()], cancellationToken);
            foreach (var (summary, row) in asked)
            {
                if (answers.TryGetValue(model[row].Id, out var answer) && SummaryText.StandsIn(summary.Text!, answer))
                {
                    (summary.Found, summary.Text) = (row, null);
                }
            }

            open.RemoveAll(summary => summary.Text is null);
        }
    }

    private static Task<Dictionary<Guid, byte[]>> ReadAsync(DbContext db, Guid[] ids, CancellationToken cancellationToken)
        => db.ReadAsync(
            RebuildStatements.FindAnswers, [DbCommands.Uuids("ids", ids)],
            async (reader, token) =>
            {
                var answers = new Dictionary<Guid, byte[]>();
                while (await reader.ReadAsync(token))
                {
                    if (!reader.IsDBNull(2) || !reader.IsDBNull(1))
                    {
                        answers[reader.GetGuid(0)] = !reader.IsDBNull(2)
                            ? reader.GetFieldValue<byte[]>(2)
                            : Encoding.UTF8.GetBytes(reader.GetString(1));
                    }
                }

                return answers;
            },
            cancellationToken);
}
