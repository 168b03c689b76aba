namespace Nexus.Data.Credentials;

/// <summary>How secrets get the current key.</summary>
public sealed class ReprotectOptions
{
    private readonly int _batchSize = 200;

    /// <summary>Whether to count only and change nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Rows of one transaction, 1 to 10,000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is out of its range.</exception>
    public int BatchSize
    {
        get => _batchSize;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 10_000);
            _batchSize = value;
        }
    }

    /// <summary>How long to leave the table alone between two transactions.</summary>
    public TimeSpan Pause { get; init; }
}
