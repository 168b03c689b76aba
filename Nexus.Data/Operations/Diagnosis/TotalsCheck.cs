using System.Globalization;
using Nexus.Data.Totals;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Totals of conversations and hours that are not what a count of the requests gives.</summary>
internal sealed class TotalsCheck : IDatabaseCheck
{
    // Some tens of milliseconds a train.
    private const int Newest = 10_000;

    public string Name => "totals";

    public string Purpose => string.Create(
        CultureInfo.InvariantCulture,
        $"Counts the newest {Newest:N0} requests of each train anew, and compares the totals that lists and usage are read off, and the words of searches.");

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var report = await TotalsRepair.VerifyNewestAsync(db, Newest, cancellationToken);
        return report.IsRight
            ? CheckResult.Ok("Totals are what a count of the newest requests gives, and searches know these.")
            : CheckResult.Warning(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{report.Conversations:N0} conversations and {report.Hours:N0} hours have wrong totals, and {report.Words:N0} requests are not searched rightly: another program, or an older version of this one, wrote requests."),
                "Run 'nexus-data rebuild-conversations --summaries --execute'.");
    }
}
