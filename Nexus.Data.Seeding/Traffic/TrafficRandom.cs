using System.Numerics;

namespace Nexus.Data.Seeding.Traffic;

/// <summary>
/// xoshiro256**: the same numbers from the same seed on every machine and every version of .NET, which
/// <see cref="Random"/> does not promise.
/// </summary>
internal sealed class TrafficRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    public TrafficRandom(long seed)
    {
        // SplitMix64 spreads the seed, so that neighbouring seeds share nothing.
        var state = unchecked((ulong)seed);
        _a = Spread(ref state);
        _b = Spread(ref state);
        _c = Spread(ref state);
        _d = Spread(ref state);
    }

    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A number from 0 to below <paramref name="limit"/>.</summary>
    public int Below(int limit) => (int)(((Next() >> 32) * (ulong)limit) >> 32);

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>A number from 0 to below 1. Only exact arithmetic, so that no math library has a say in it.</summary>
    public double Fraction() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool Chance(double rate) => Fraction() < rate;

    public T Pick<T>(ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    private static ulong Spread(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var value = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
