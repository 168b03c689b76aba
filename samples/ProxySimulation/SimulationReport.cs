using System.Globalization;

namespace Nexus.Samples.ProxySimulation;

/// <summary>What became of a simulation.</summary>
internal sealed record SimulationReport
{
    public required int Acknowledged { get; init; }

    public required int Answered { get; init; }

    public required int Stored { get; init; }

    /// <summary>Calls or answers that were acknowledged and are not stored.</summary>
    public required int Lost { get; init; }

    /// <summary>Requests that a rebuild would link otherwise.</summary>
    public required long LinkedOtherwise { get; init; }

    public required bool Rejects { get; init; }

    /// <summary>Bytes of this process at their most, with the generator of the traffic and the ledger.</summary>
    public required long PeakMemory { get; init; }

    /// <summary>How long callers waited, in milliseconds, the shortest first.</summary>
    public required IReadOnlyList<double> Waits { get; init; }

    /// <summary>How long it took at the end until all was stored.</summary>
    public required TimeSpan Drain { get; init; }

    public bool IsGood => Acknowledged == Stored && Lost == 0 && LinkedOtherwise == 0 && !Rejects;

    public Task WriteAsync(TextWriter output)
        => output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"""
            calls acknowledged    {Acknowledged,10:N0}, {Answered:N0} with their answers
            calls stored          {Stored,10:N0}, lost {Lost:N0}, {(Rejects ? "some" : "none")} rejected
            linked otherwise      {LinkedOtherwise,10:N0} than by a rebuild
            callers waited        {At(0.5),10:N3} ms at the median, {At(0.99):N3} at p99, {At(1):N1} at most
            memory at most        {PeakMemory / 1048576.0,10:N0} MB, generator and ledger included
            stored after the end  {Drain.TotalSeconds,10:N1} s
            {(IsGood ? "Good." : "Not good.")}
            """));

    private double At(double quantile) => Waits[(int)Math.Min(Waits.Count - 1, Waits.Count * quantile)];
}
