using Nexus.Data.Persistence;

namespace Nexus.Data.Seeding;

/// <summary>Keeps rows that are made up away from production: their passwords and keys may be known to everybody.</summary>
internal static class SeedEnvironment
{
    /// <summary>Refuses in production, and where nobody says what the environment is: .NET takes that for production.</summary>
    /// <param name="environment">The environment.</param>
    /// <param name="unknown">What to do where nobody says what the environment is.</param>
    /// <param name="production">What to do where it is production.</param>
    /// <exception cref="NexusDataException">It is production, or may be (forbidden).</exception>
    public static void Refuse(HostEnvironment environment, string unknown, string production)
    {
        if (!environment.IsKnown)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Forbidden,
                $"Nobody says which environment this is, and .NET takes that for production, which is no place for people whose password everybody may know: nothing was populated. {unknown}");
        }

        if (environment.IsProduction)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Forbidden,
                $"{environment.Source} says production, which is no place for people whose password everybody may know: nothing was populated. {production}");
        }
    }
}
