namespace Nexus.Data.Tool;

/// <summary>The names that people type: those of the programs before us, and underscores for hyphens.</summary>
internal static class VerbNames
{
    private static readonly Dictionary<string, string[]> _aliases = new(StringComparer.Ordinal)
    {
        ["db:analyze-conversations"] = ["analyze-conversations"],
        ["db:rebuild-conversations"] = ["rebuild-conversations"],
        ["db:init"] = ["init-database"],
        ["init-db"] = ["init-database"],
        ["db:migrate"] = ["migrate"],
        ["db-migrate"] = ["migrate"],
        ["db-status"] = ["status"],
        ["setup-db-roles"] = ["setup-roles"],
        ["db-setup-roles"] = ["setup-roles"],
        ["db:setup-roles"] = ["setup-roles"],
        ["db:setup"] = ["db-setup"],
        ["setup-db"] = ["db-setup"],
        ["db:hard-reset"] = ["db-hard-reset"],
        ["db:reset-and-setup"] = ["db-reset-and-setup"],
        ["db:reset"] = ["reset"],
        ["db-reset"] = ["reset"],
        ["db-sync"] = ["migrate"],
        ["db-sync-force"] = ["reset"],
        ["dev-setup"] = ["dev-db", "start", "--migrate"],
        ["dev-teardown"] = ["dev-db", "stop"],
        ["dev-db-start"] = ["dev-db", "start"],
        ["dev-db-stop"] = ["dev-db", "stop"],
        ["dev-db-connect"] = ["dev-db", "connect"],
        ["dev-db-logs"] = ["dev-db", "logs", "--follow"],
        ["dev-db-reset"] = ["dev-db", "reset"],
        ["db-backup"] = ["backup"],
        ["db:backup"] = ["backup"],
        ["backup-database"] = ["backup"],
        ["db-restore"] = ["restore"],
        ["db:restore"] = ["restore"],
        ["db-schema-dump"] = ["schema-dump"],
        ["db:populate"] = ["populate"],
        ["db-populate"] = ["populate"],
        ["populate-db"] = ["populate"],
        ["db:populate-large"] = ["populate-large"],
        ["db-populate-large"] = ["populate-large"],
        ["db:verify-population"] = ["verify-population"],
        ["db-verify-population"] = ["verify-population"],
        ["verify-db"] = ["verify-population"],
        ["clean-db"] = ["clean-data"],
        ["db:clean"] = ["clean-data"],
        ["db-clean"] = ["clean-data"],
        ["benchmark"] = ["bench"],
        ["db:bench"] = ["bench"],
        ["db-bench"] = ["bench"],
        ["oauth-refresh"] = ["credentials", "refresh"],
        ["oauth-refresh-all"] = ["credentials", "refresh", "--all"],
        ["oauth-login"] = ["credentials", "add"],
        ["check-oauth-status"] = ["credentials", "show"],
        ["check-analysis-content"] = ["analyses", "show"],
        ["check-analysis-jobs"] = ["analyses", "list"],
        ["reset-stuck-analysis-jobs"] = ["analyses", "retry", "--failed"],
    };

    /// <summary>The other names, and what each stands for.</summary>
    public static IReadOnlyDictionary<string, string[]> Aliases => _aliases;

    /// <summary>The same command line with the verb under its own name.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="withValue">Options that may come before the verb, followed by a value.</param>
    public static string[] Resolve(IReadOnlyList<string> arguments, params string[] withValue)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            if (withValue.Contains(arguments[i], StringComparer.Ordinal))
            {
                i++;
            }
            else if (!arguments[i].StartsWith('-'))
            {
                var name = arguments[i].Replace('_', '-');
                return [.. arguments.Take(i), .. _aliases.GetValueOrDefault(name, [name]), .. arguments.Skip(i + 1)];
            }
        }

        return [.. arguments];
    }
}
