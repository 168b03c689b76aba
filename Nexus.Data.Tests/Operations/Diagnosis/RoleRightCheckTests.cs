using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Operations.Roles;
using Npgsql;

namespace Nexus.Data.Tests.Operations.Diagnosis;

public sealed class RoleRightCheckTests : RoleTest
{
    [TestCase("GRANT ALL ON trains TO PUBLIC", "REVOKE * ON TABLE public.trains FROM PUBLIC CASCADE")]
    [TestCase("GRANT CREATE ON SCHEMA public TO PUBLIC", "REVOKE CREATE ON SCHEMA public FROM PUBLIC CASCADE")]
    [TestCase("GRANT DELETE ON analysis_audit_log TO {p}_app", "REVOKE DELETE ON TABLE public.analysis_audit_log FROM {p}_app CASCADE")]
    [TestCase("GRANT SELECT (api_key) ON train_api_keys TO {p}_read", "REVOKE SELECT (api_key) ON TABLE public.train_api_keys FROM {p}_read CASCADE")]
    [TestCase("GRANT SELECT ON api_requests TO {p}_app WITH GRANT OPTION", "REVOKE GRANT OPTION FOR SELECT ON TABLE public.api_requests FROM {p}_app CASCADE")]
    [TestCase("ALTER ROLE {p}_app CREATEDB NOLOGIN", "ALTER ROLE {p}_app LOGIN NOCREATEDB")]
    [TestCase("ALTER ROLE {p}_backup SUPERUSER", "ALTER ROLE {p}_backup NOSUPERUSER")]
    [TestCase("GRANT {p}_migration TO {p}_app", "REVOKE {p}_migration FROM {p}_app*")]
    [TestCase("ALTER TABLE trains OWNER TO {p}_app", "ALTER TABLE public.trains OWNER TO {p}_migration")]
    [TestCase("ALTER DEFAULT PRIVILEGES FOR ROLE {p}_migration IN SCHEMA public GRANT ALL ON TABLES TO {p}_read", "ALTER DEFAULT PRIVILEGES FOR ROLE {p}_migration IN SCHEMA public REVOKE *")]
    public async Task A_right_too_many_is_a_warning_with_what_takes_it_away(string drift, string statement)
    {
        await SetUpAsync();
        var before = await RunAsync();
        await ExecuteAsync(Named(drift));

        var asAdministrator = await RunAsync();
        var asApplication = drift.Contains("NOLOGIN", StringComparison.Ordinal) ? asAdministrator : await RunAsync(NexusRole.App);
        await SetUpAsync();

        Assert.That(before.Status, Is.EqualTo(CheckStatus.Ok), before.Finding);
        Assert.That(asAdministrator.Status, Is.EqualTo(CheckStatus.Warning));
        Assert.That(
            asAdministrator.Details.Select(detail => detail.Replace("\"", "", StringComparison.Ordinal)),
            Has.Some.Matches<string>(detail => Named(statement).Split('*') is [var start, .. var end]
                && detail.StartsWith(start, StringComparison.Ordinal) && detail.EndsWith(end is [var last] ? last : start, StringComparison.Ordinal)));
        Assert.That(asAdministrator.Finding, Does.Contain($"roles of {Options.Prefix}").And.Contain("more than they should"));
        Assert.That(asAdministrator.Remedy, Is.EqualTo(
            $"Run 'nexus-data setup-roles --prefix {Options.Prefix} --dry-run' as an administrator, then without --dry-run."));
        Assert.That(asApplication.Details, Is.EqualTo(asAdministrator.Details), "Everybody can see it.");
        Assert.That((await RunAsync()).Status, Is.EqualTo(CheckStatus.Ok));
    }

    [TestCase("REVOKE INSERT ON trains FROM {p}_app", "has 1 other changes to make")]
    [TestCase("ALTER ROLE {p}_read NOLOGIN", "has 1 other changes to make")]
    [TestCase("CREATE ROLE {other}; GRANT UPDATE ON trains TO {other}", "may what they should")]
    public async Task A_right_too_few_or_of_others_is_none_too_many(string drift, string finding)
    {
        await SetUpAsync();
        await ExecuteAsync(Named(drift));

        var result = await RunAsync();

        Assert.That(result.Status, Is.EqualTo(CheckStatus.Ok), string.Join('\n', result.Details));
        Assert.That(result.Finding, Does.Contain(finding));
    }

    [Test]
    public async Task Who_may_more_than_a_service_is_told_and_is_no_finding()
    {
        await SetUpAsync();

        var superuser = await RunAsync();
        var owner = await RunAsync(NexusRole.Migration);
        var service = await RunAsync(NexusRole.App);

        Assert.That(
            new[] { superuser, owner, service }.Select(result => result.Status), Is.All.EqualTo(CheckStatus.Ok));
        Assert.That(superuser.Finding, Does.EndWith($", a superuser: services connect as {Options.NameOf(NexusRole.App)}."));
        Assert.That(owner.Finding, Does.EndWith(
            $"This is {Options.NameOf(NexusRole.Migration)}, the owner of our tables: services connect as {Options.NameOf(NexusRole.App)}."));
        Assert.That(service.Finding, Is.EqualTo($"The roles of {Options.Prefix} may what they should."));
    }

    [Test]
    public async Task Where_no_roles_are_set_up_it_says_so()
    {
        var result = await RunAsync();

        Assert.That(result.Status, Is.EqualTo(CheckStatus.Ok));
        Assert.That(result.Finding, Does.StartWith("Our roles are not set up here: 'nexus-data setup-roles'"));
    }

    private Task<CheckResult> RunAsync(NexusRole role) => RunAsync(As(role));

    private async Task<CheckResult> RunAsync(string? connectionString = null)
    {
        // A role that lost a right keeps it in connections that are open.
        await using (var connection = new NpgsqlConnection(connectionString ?? ConnectionString))
        {
            NpgsqlConnection.ClearPool(connection);
        }

        return (await new Doctor(new Contexts(connectionString ?? ConnectionString), [new RoleRightCheck()]).RunAsync())
            .Single().Result;
    }

    private string Named(string text)
        => text.Replace("{p}", Options.Prefix, StringComparison.Ordinal).Replace("{other}", Other, StringComparison.Ordinal);

    // Of an administrator's, whom no roles were given.
    private protected override async Task<string> NewDatabaseAsync()
    {
        var database = await base.NewDatabaseAsync();
        await MigrateAsync(database);
        return database;
    }
}
