using System.Globalization;
using Microsoft.Extensions.Options;
using Nexus.Data.Analyses;
using Nexus.Data.Persistence;
using NpgsqlTypes;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Analyses that no worker finishes.</summary>
internal sealed class StuckAnalysisCheck(IOptions<AnalysisQueueOptions> options) : IDatabaseCheck
{
    // Off the indexes of what is pending, processing and failed; the clock is the database's, as it is the queue's.
    private const string Count =
        $"""
        SELECT (SELECT count(*) FROM conversation_analyses WHERE {AnalysisStatements.IsStuck}),
               (SELECT count(*) FROM conversation_analyses WHERE {AnalysisStatements.IsDue}
                AND due_at < statement_timestamp() - @usual),
               (SELECT min(due_at) FROM conversation_analyses WHERE {AnalysisStatements.IsDue}),
               (SELECT count(*) FROM conversation_analyses WHERE status = 'failed')
        """;

    private static readonly TimeSpan _usual = TimeSpan.FromHours(1);

    public string Name => "stuck-analyses";

    public string Purpose => "Looks for analyses whose worker is gone, and for some that wait for long.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var unleased = TimeSpan.FromSeconds(options.Value.UnleasedTimeoutSeconds);
        var (stuck, late, oldest, failed) = (await db.ReadAllAsync(
            Count,
            [
                DbCommands.Parameter("unleased", NpgsqlDbType.Interval, unleased),
                DbCommands.Parameter("usual", NpgsqlDbType.Interval, _usual),
            ],
            row => (row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? default : row.GetFieldValue<DateTimeOffset>(2),
                row.GetInt64(3)),
            cancellationToken))[0];
        var findings = new List<string>();
        var remedies = new List<string>();
        if (stuck > 0)
        {
            findings.Add(Text($"{stuck:N0} are stuck: their workers were not heard of until their leases ran out"));
            remedies.Add("Run 'nexus-data analyses retry --stuck', or a worker, which takes them up.");
        }

        if (late > 0)
        {
            findings.Add(Text($"{late:N0} wait for more than an hour, the oldest since {oldest.UtcDateTime:yyyy-MM-dd HH:mm} UTC"));
            remedies.Add("See that workers run and are enough.");
        }

        var failures = failed == 0 ? [] : new[] { Text($"{failed:N0} failed: see 'nexus-data analyses list --status failed'.") };
        return findings.Count > 0
            ? CheckResult.Warning($"Of the analyses {string.Join("; ", findings)}.", string.Join(' ', remedies), failures)
            : CheckResult.Ok(string.Join(' ', ["No analysis is stuck.", .. failures]));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
