using System.Text.RegularExpressions;

namespace Nexus.Data.Operations.Roles;

/// <summary>How the roles are called, and what they log in with.</summary>
public sealed partial class RoleSetupOptions
{
    /// <summary>What the roles' names begin with where nobody says otherwise.</summary>
    public const string DefaultPrefix = "nexus";

    /// <summary>What the roles' names begin with. Roles are the server's and not the database's: on a server with several
    /// databases of ours, a prefix for each keeps the roles of one out of the others.</summary>
    public string Prefix { get; init; } = DefaultPrefix;

    /// <summary>Passwords in clear. A role that is not named here keeps the one it has, and is made without one.</summary>
    public IReadOnlyDictionary<NexusRole, string> Passwords { get; init; } = new Dictionary<NexusRole, string>();

    /// <summary>The name of a role: the prefix and its kind.</summary>
    /// <param name="role">The role.</param>
    public string NameOf(NexusRole role) => $"{Prefix}_{role.ToString().ToLowerInvariant()}";

    internal void Check()
    {
        if (!Name().IsMatch(Prefix) || Prefix == "pg" || Prefix.StartsWith("pg_", StringComparison.Ordinal))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                "The prefix of the roles has to begin with a lower-case letter, to hold nothing but lower-case letters, "
                + "digits and underscores, at most 40, and not to begin with pg_.");
        }

        foreach (var (role, password) in Passwords)
        {
            if (RolePassword.Objection(password) is { } objection)
            {
                throw new NexusDataException(
                    NexusDataErrorKind.Validation, $"The password for {NameOf(role)} {objection}.");
            }
        }
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,39}$")]
    private static partial Regex Name();
}
