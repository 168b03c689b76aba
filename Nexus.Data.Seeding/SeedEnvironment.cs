namespace Nexus.Data.Seeding;

/// <summary>Keeps rows that are made up away from production: their passwords and keys may be known to everybody.</summary>
internal static class SeedEnvironment
{
    public const string OwnVariable = "NEXUS_ENVIRONMENT";
    public const string SharedVariable = "DOTNET_ENVIRONMENT";

    /// <summary>Refuses in production: by NEXUS_ENVIRONMENT, else by what the host, or without one DOTNET_ENVIRONMENT, says.</summary>
    /// <param name="own">What NEXUS_ENVIRONMENT says; null or empty for nothing.</param>
    /// <param name="shared">The host's environment, or what DOTNET_ENVIRONMENT says; null or empty for nothing.</param>
    /// <param name="remedy">What to do where it is not production, or where it is.</param>
    /// <exception cref="NexusDataException">It is production (forbidden).</exception>
    public static void Refuse(string? own, string? shared, string remedy)
    {
        var isOwn = own?.Trim() is { Length: > 0 };
        if (((isOwn ? own : shared) ?? "").Trim().Equals("production", StringComparison.OrdinalIgnoreCase))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Forbidden,
                $"{(isOwn ? OwnVariable : "The environment")} says production, which is no place for people whose password everybody may know: nothing was populated. {remedy}");
        }
    }
}
