namespace Nexus.Data.Operations.Roles;

/// <summary>Who may do what: the rules, without a database.</summary>
internal static class RolePolicy
{
    public const string History = "__EFMigrationsHistory";
    public const string AuditLog = "analysis_audit_log";

    /// <summary>Functions of the migrations that are called by name. Those of triggers need no right.</summary>
    public static readonly string[] Functions = ["find_links", "find_summaries", "refresh_hourly_stats"];

    /// <summary>Columns that the reading role does not see. In their tables it sees nothing but columns that we know.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Secrets =
        new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["anthropic_credentials"] = ["oauth_access_token", "oauth_refresh_token"],
            ["train_api_keys"] = ["api_key", "key_hash"],
            ["trains"] = ["slack_webhook_url"],
            ["users"] = ["password_hash"],
        };

    private static readonly string[] _reading = ["SELECT"];
    private static readonly string[] _adding = ["SELECT", "INSERT"];
    private static readonly string[] _writing = ["SELECT", "INSERT", "UPDATE", "DELETE"];

    /// <summary>What a role other than the owner may do with a thing as a whole.</summary>
    public static string[] Of(NexusRole role, SecuredObject thing) => (thing.Kind, role) switch
    {
        (SecuredKind.Database, NexusRole.Migration or NexusRole.App) => ["CONNECT", "TEMPORARY"],
        (SecuredKind.Database, _) => ["CONNECT"],
        (SecuredKind.Schema, NexusRole.Migration) => ["USAGE", "CREATE"],
        (SecuredKind.Schema, _) => ["USAGE"],
        (SecuredKind.Table or SecuredKind.View or SecuredKind.Sequence, NexusRole.Backup) => _reading,
        _ when !thing.IsOurs => [],
        (SecuredKind.Table, NexusRole.App) => thing.Name switch
        {
            History => _reading,
            AuditLog => _adding,
            _ => _writing,
        },
        (SecuredKind.Table, NexusRole.Read) => Secrets.ContainsKey(thing.Name) ? [] : _reading,
        (SecuredKind.View, NexusRole.App or NexusRole.Read) => _reading,
        (SecuredKind.Sequence, NexusRole.App) => ["USAGE"],
        (SecuredKind.Function, NexusRole.App) => thing.IsTrigger ? [] : ["EXECUTE"],
        _ => [],
    };

    /// <summary>Columns that a role may read of a table that it may not read as a whole.</summary>
    /// <param name="role">The role.</param>
    /// <param name="thing">The table.</param>
    /// <param name="known">The columns of the model, by table.</param>
    public static IEnumerable<string> ColumnsOf(
        NexusRole role, SecuredObject thing, IReadOnlyDictionary<string, IReadOnlySet<string>> known)
        => role == NexusRole.Read && thing is { Kind: SecuredKind.Table, IsOurs: true }
           && Secrets.TryGetValue(thing.Name, out var secrets)
            ? thing.Columns.Where(column => known[thing.Name].Contains(column)).Except(secrets, StringComparer.Ordinal)
            : [];

    /// <summary>What the roles get of things that the migration role makes later.</summary>
    public static string[] OfLater(NexusRole role, SecuredKind kind) => (kind, role) switch
    {
        (SecuredKind.Table, NexusRole.App) => _writing,
        (SecuredKind.Table, NexusRole.Read or NexusRole.Backup) => _reading,
        (SecuredKind.Sequence, NexusRole.App) => ["USAGE"],
        (SecuredKind.Sequence, NexusRole.Backup) => _reading,
        (SecuredKind.Function, NexusRole.App) => ["EXECUTE"],
        _ => [],
    };
}
