using System.Globalization;
using Nexus.Data.Totals;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Totals of conversations and hours that are not what a count of the requests gives.</summary>
internal sealed class TotalsCheck : IDatabaseCheck
{
    public string Name => "totals";

    public string Purpose => "Counts all requests anew, and compares the totals that lists and usage are read off, and the words of searches.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var report = await TotalsRepair.VerifyAsync(db, trainId: null, cancellationToken);
        return report.IsRight
            ? CheckResult.Ok("Totals are what a count of the requests gives, and searches know all.")
            : CheckResult.Warning(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{report.Conversations:N0} conversations and {report.Hours:N0} hours have wrong totals, and {report.Words:N0} requests are not searched rightly: another program, or an older version of this one, wrote requests."),
                "Run 'nexus-data rebuild-conversations --summaries --execute'.");
    }
}
