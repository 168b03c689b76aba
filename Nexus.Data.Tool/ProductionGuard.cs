using System.CommandLine;

namespace Nexus.Data.Tool;

/// <summary>Keeps what destroys data away from production, unless it was said in words.</summary>
internal static class ProductionGuard
{
    /// <summary>What says it in words.</summary>
    public const string Name = "--in-production";

    public const string OwnVariable = "NEXUS_ENVIRONMENT";
    public const string SharedVariable = "DOTNET_ENVIRONMENT";

    /// <summary>The option that says it.</summary>
    public static Option<bool> Create() => new(Name)
    {
        Description = "Do it where NEXUS_ENVIRONMENT, else DOTNET_ENVIRONMENT, says production.",
    };

    /// <summary>Whether the environment is production: by NEXUS_ENVIRONMENT, else by DOTNET_ENVIRONMENT.</summary>
    public static bool IsProduction(ToolHost host)
        => Environment(host).Value.Equals("production", StringComparison.OrdinalIgnoreCase);

    /// <summary>Refuses in production.</summary>
    /// <exception cref="ToolException">It is production, and nobody said that this is meant.</exception>
    public static void Check(ToolHost host, TargetDatabase target, bool isMeant) => Check(host, target.Place, isMeant);

    /// <inheritdoc cref="Check(ToolHost, TargetDatabase, bool)"/>
    public static void Check(ToolHost host, string place, bool isMeant)
    {
        if (IsProduction(host) && !isMeant)
        {
            throw new ToolException(
                ExitCode.Refused,
                $"{Environment(host).Name} says production: nothing was changed in {place}. With {Name} it is done "
                + "there too.");
        }
    }

    /// <summary>Refuses in production, whatever was said; a dry run changes nothing there either.</summary>
    /// <param name="run">The run.</param>
    /// <param name="what">What has no place there.</param>
    /// <exception cref="ToolException">It is production.</exception>
    public static void Forbid(VerbRun run, string what) => Forbid(run, what, remedy: "");

    /// <inheritdoc cref="Forbid(VerbRun, string)"/>
    public static void Forbid(VerbRun run, string what, string remedy)
    {
        if (!run.IsDryRun && IsProduction(run.Host))
        {
            throw new ToolException(
                ExitCode.Refused,
                $"{Environment(run.Host).Name} says production, which is no place for {what}: nothing was changed in {run.Target.Place}.{remedy}");
        }
    }

    private static (string Name, string Value) Environment(ToolHost host)
        => host.Environment(OwnVariable)?.Trim() is { Length: > 0 } own
            ? (OwnVariable, own)
            : (SharedVariable, host.Environment(SharedVariable)?.Trim() ?? "");
}
