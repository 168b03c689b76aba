namespace Nexus.Data.Seeding;

/// <summary>The models that rows name.</summary>
internal static class SeedModels
{
    public static string[] Names { get; } = ["claude-sonnet-4-20250514", "claude-opus-4-1-20250805", "claude-3-5-haiku-20241022"];
}
