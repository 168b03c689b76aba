namespace Nexus.Data.Persistence;

/// <summary>The environment that a process runs in, and who says so.</summary>
internal sealed class HostEnvironment
{
    /// <summary>What .NET itself asks first.</summary>
    public const string SharedVariable = "DOTNET_ENVIRONMENT";

    private const string OwnVariable = "NEXUS_ENVIRONMENT";
    private const string WebVariable = "ASPNETCORE_ENVIRONMENT";

    private readonly string? _name;

    private HostEnvironment(string source, string? name) => (Source, _name) = (source, name);

    /// <summary>The variable that says it, or "The environment" where the host does, or nobody.</summary>
    public string Source { get; }

    /// <summary>Whether anybody says it.</summary>
    public bool IsKnown => _name is not null;

    /// <summary>Whether it is said to be production. .NET takes what nobody says for production too: see <see cref="IsKnown"/>.</summary>
    public bool IsProduction => string.Equals(_name, "production", StringComparison.OrdinalIgnoreCase);

    /// <summary>What NEXUS_ENVIRONMENT says, else the host, else DOTNET_ENVIRONMENT, else ASPNETCORE_ENVIRONMENT. What is blank says
    /// nothing.</summary>
    /// <param name="variable">Gives a variable's value; null for none.</param>
    /// <param name="host">The environment's name as the host has it; null for a host that has none.</param>
    public static HostEnvironment Of(Func<string, string?> variable, string? host = null)
    {
        const string nobody = "The environment";
        return Said(OwnVariable, variable(OwnVariable)) ?? Said(nobody, host) ?? Said(SharedVariable, variable(SharedVariable))
            ?? Said(WebVariable, variable(WebVariable)) ?? new(nobody, name: null);

        static HostEnvironment? Said(string source, string? name) => name?.Trim() is { Length: > 0 } said ? new(source, said) : null;
    }
}
