namespace Nexus.Data.Operations.Diagnosis;

/// <summary>One thing that may be wrong with a live database. Register further ones as this type.</summary>
public interface IDatabaseCheck
{
    /// <summary>What it is called on a command line: small letters with hyphens.</summary>
    string Name { get; }

    /// <summary>What it looks at, in one sentence.</summary>
    string Purpose { get; }

    /// <summary>Looks. What it may not read, or not in time, it lets the server refuse: <see cref="Doctor"/> tells
    /// that.</summary>
    /// <param name="db">In a transaction that only reads, waits for no lock and gives each statement little time.</param>
    /// <param name="cancellationToken">Stops the look.</param>
    Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken);
}
