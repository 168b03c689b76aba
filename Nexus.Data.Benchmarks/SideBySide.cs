using System.Globalization;

namespace Nexus.Data.Benchmarks;

/// <summary>One question asked many times in two ways, in turn: what a call takes and what it allocates.</summary>
/// <param name="Ours">Microseconds of each call by the service.</param>
/// <param name="Plain">Microseconds of each call by Npgsql alone.</param>
/// <param name="OurBytes">Bytes that a call by the service allocates, on average.</param>
/// <param name="PlainBytes">Bytes that a call by Npgsql alone allocates, on average.</param>
internal sealed record SideBySide(List<double> Ours, List<double> Plain, double OurBytes, double PlainBytes)
{
    /// <summary>Asks in turn, so that whatever else the machine does meets both. Who comes second finds its pages in the caches:
    /// the order changes each time.</summary>
    /// <param name="warmUp">Calls that are not counted, before.</param>
    /// <param name="calls">Calls that are.</param>
    /// <param name="ours">Asks the service; the number of the call, from 0.</param>
    /// <param name="plain">Asks by Npgsql alone.</param>
    public static async Task<SideBySide> MeasureAsync(int warmUp, int calls, Func<int, Task> ours, Func<int, Task> plain)
    {
        var series = new Series();
        for (var n = 0; n < warmUp + calls; n++)
        {
            await series.CallAsync(n, n >= warmUp, ours, plain);
        }

        return series.ToFigures();
    }

    /// <summary>A line with the medians, the 99th percentiles, the bytes, and their ratios.</summary>
    public string Describe(string name)
    {
        var (p50, p99) = (BenchDatabase.Percentile(Ours, 50), BenchDatabase.Percentile(Ours, 99));
        var (plain50, plain99) = (BenchDatabase.Percentile(Plain, 50), BenchDatabase.Percentile(Plain, 99));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"  {name,-30} p50 {p50,6:0} / {plain50,6:0} = {p50 / plain50:0.00}   p99 {p99,6:0} / {plain99,6:0} = {p99 / plain99:0.00}   bytes {OurBytes,7:0} / {PlainBytes,7:0} = {OurBytes / PlainBytes:0.00}");
    }

    /// <summary>Calls in both ways, one pair after the other.</summary>
    public sealed class Series
    {
        private readonly Way _ours = new();
        private readonly Way _plain = new();

        /// <summary>Calls in both ways.</summary>
        /// <param name="n">The number of the pair, from 0: who goes first changes with it.</param>
        /// <param name="counts">Whether the pair is counted, or is there to warm up.</param>
        /// <param name="ours">Asks the service.</param>
        /// <param name="plain">Asks by Npgsql alone.</param>
        public async Task CallAsync(int n, bool counts, Func<int, Task> ours, Func<int, Task> plain)
        {
            if (n % 2 == 0)
            {
                await _plain.CallAsync(n, counts, plain);
                await _ours.CallAsync(n, counts, ours);
            }
            else
            {
                await _ours.CallAsync(n, counts, ours);
                await _plain.CallAsync(n, counts, plain);
            }
        }

        public SideBySide ToFigures()
            => new(_ours.Microseconds, _plain.Microseconds, _ours.BytesOfCall, _plain.BytesOfCall);
    }

    private sealed class Way
    {
        private long _bytes;

        public List<double> Microseconds { get; } = [];

        public double BytesOfCall => _bytes / (double)Microseconds.Count;

        public async Task CallAsync(int n, bool counts, Func<int, Task> call)
        {
            // Counted in steps of some KB, on all threads: right on average, and nobody else is at work.
            var before = GC.GetTotalAllocatedBytes();
            var taken = await BenchDatabase.MicrosecondsAsync(() => call(n));
            if (counts)
            {
                _bytes += GC.GetTotalAllocatedBytes() - before;
                Microseconds.Add(taken);
            }
        }
    }
}
