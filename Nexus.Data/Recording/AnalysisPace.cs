using Microsoft.EntityFrameworkCore;

namespace Nexus.Data.Recording;

/// <summary>Has the tables of linking analyzed as they grow. Plans that the server made while they were all but empty read too much of
/// full ones. It makes them anew when the tables were analyzed, for which a bulk load would have to wait until autovacuum comes by.
/// </summary>
internal sealed class AnalysisPace
{
    private const int First = 1_000;
    private const int Growth = 10;

    private long _next = First;

    /// <summary>Analyzes where there is so much more than the last time. Who may not gets a warning of the server's.</summary>
    /// <param name="db">The context, in a transaction or not.</param>
    /// <param name="stored">How many requests were stored since the beginning.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task AnalyzeAsync(NexusDbContext db, long stored, CancellationToken cancellationToken)
    {
        if (stored >= _next)
        {
            _next *= Growth;
            await db.Database.ExecuteSqlRawAsync(
                "ANALYZE (SKIP_LOCKED) api_requests, task_prompts, summary_keys, link_waits", cancellationToken);
        }
    }
}
