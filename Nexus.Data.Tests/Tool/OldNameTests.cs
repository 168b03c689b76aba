using System.CommandLine;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

/// <summary>What people have typed until now: targets of makefiles, scripts of package.json, and the scripts themselves.</summary>
public sealed class OldNameTests
{
    private static readonly Dictionary<string, string> _names = new()
    {
        // The proxy's.
        ["db:analyze-conversations"] = "analyze-conversations",
        ["db:rebuild-conversations"] = "rebuild-conversations",
        ["analyze-conversations"] = "analyze-conversations",
        ["rebuild-conversations"] = "rebuild-conversations",
        ["generate-api-key"] = "generate-api-key",
        ["init-database"] = "init-database",
        ["backup-database"] = "backup",
        ["oauth-login"] = "credentials add",
        ["oauth-refresh"] = "credentials refresh",
        ["oauth-refresh-all"] = "credentials refresh",
        ["check-oauth-status"] = "credentials show",
        ["check-analysis-jobs"] = "analyses list",
        ["check-analysis-content"] = "analyses show",
        ["reset-stuck-analysis-jobs"] = "analyses retry",

        // The team chat's: as its makefile, its README and its scripts have them.
        ["setup-db-roles"] = "setup-roles",
        ["setup_db_roles"] = "setup-roles",
        ["setup_roles"] = "setup-roles",
        ["migrate"] = "migrate",
        ["populate"] = "populate",
        ["populate-large"] = "populate-large",
        ["populate_large"] = "populate-large",
        ["verify-population"] = "verify-population",
        ["verify_population"] = "verify-population",
        ["clean-db"] = "clean-data",
        ["clean_db"] = "clean-data",
        ["clean_data"] = "clean-data",
        ["bench"] = "bench",
        ["benchmark"] = "bench",
        ["db-setup"] = "db-setup",
        ["db_setup"] = "db-setup",
        ["db-hard-reset"] = "db-hard-reset",
        ["db_hard_reset"] = "db-hard-reset",
        ["db-reset-and-setup"] = "db-reset-and-setup",
        ["db_reset_and_setup"] = "db-reset-and-setup",

        // The coding assistant's.
        ["dev-db"] = "dev-db",
        ["dev-db-stop"] = "dev-db stop",
        ["dev-db-logs"] = "dev-db logs",
        ["dev-db-connect"] = "dev-db connect",
        ["dev-db-reset"] = "dev-db reset",
        ["dev-setup"] = "dev-db start",
        ["dev-teardown"] = "dev-db stop",
        ["db-migrate"] = "migrate",
        ["db-sync"] = "migrate",
        ["db-sync-force"] = "reset",
        ["db-backup"] = "backup",
        ["db-restore"] = "restore",
        ["db-schema-dump"] = "schema-dump",
        ["env-template"] = "env-template",
        ["status"] = "status",
    };

    private static IEnumerable<TestCaseData> Names
        => _names.Select(name => new TestCaseData(name.Key, name.Value))
            .Concat(VerbNames.Aliases.Where(alias => !_names.ContainsKey(alias.Key)).Select(alias => new TestCaseData(
                alias.Key, string.Join(' ', alias.Value.TakeWhile(word => !word.StartsWith('-'))))));

    [TestCaseSource(nameof(Names))]
    public async Task An_older_name_is_understood(string name, string verb)
    {
        var run = await ToolRun.RunAsync(name, "--help");

        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(run.Output, Does.Match($@"Usage:\s+{RootCommand.ExecutableName} {verb} "), run.Output);
    }

    [Test]
    public async Task A_backup_is_named_as_for_make()
    {
        var run = await ToolRun.RunAsync("db-restore", "BACKUP_FILE=/no/such/backup.dump");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Error, Does.Contain("/no/such/backup.dump").And.Not.Contain("BACKUP_FILE"));
    }
}
