using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;

namespace Nexus.Data.Operations.Diagnosis;

/// <summary>Rights that the roles of <see cref="RoleSetup"/>, or everybody, have and should not.</summary>
internal sealed class RoleRightCheck : IDatabaseCheck
{
    // A prefix is that of roles which have something of our tables: a server may have those of several databases.
    private const string Prefixes =
        """
        SELECT substring(app.rolname FROM '^(.*)_app$')
        FROM pg_roles app JOIN pg_roles migration ON migration.rolname = substring(app.rolname FROM '^(.*)_app$') || '_migration'
        WHERE app.rolname ~ '^[a-z][a-z0-9_]{0,39}_app$' AND app.rolname !~ '^pg_'
          AND EXISTS (
              SELECT FROM pg_class c
              WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relname = ANY (@tables)
                AND (c.relowner IN (app.oid, migration.oid)
                     OR EXISTS (SELECT FROM aclexplode(c.relacl) WHERE grantee IN (app.oid, migration.oid))))
        ORDER BY 1
        """;

    public string Name => "role-rights";

    public string Purpose => "Looks for roles of ours, and for everybody, that may do more than setup-roles lets them.";

    public async Task<CheckResult> RunAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var prefixes = await db.ReadAllAsync(
            Prefixes, [DbCommands.Texts("tables", OwnTables.Of(db))], row => row.GetString(0), cancellationToken);
        var isSetUp = prefixes.Count > 0;
        var surplus = new List<(string Prefix, string Statement)>();
        var (missing, user) = (0, "");
        foreach (var prefix in isSetUp ? prefixes : [RoleSetupOptions.DefaultPrefix])
        {
            var options = new RoleSetupOptions { Prefix = prefix };
            var catalog = await RoleCatalog.ReadAsync(db, options, cancellationToken);
            var plan = RolePlanner.Plan(
                catalog, options, db.GetService<ISqlGenerationHelper>().DelimitIdentifier);

            // Roles of another database have no rights here to compare, and theirs on the server are what they are.
            var changes = (isSetUp ? plan.Changes : plan.Changes.Take(plan.RoleChanges)).ToList();
            surplus.AddRange(changes.Where(change => change.TakesAway).Select(change => (prefix, change.Statement)));
            missing += isSetUp ? changes.Count(change => !change.TakesAway) : 0;
            user = Tell(catalog, options, isSetUp);
        }

        return surplus.Count == 0
            ? CheckResult.Ok(string.Join(' ', new[] { Sentence(prefixes, missing), user }.Where(part => part.Length > 0)))
            : CheckResult.Warning(
                $"There are {surplus.Select(right => right.Statement).Distinct().Count()} rights too many: roles of "
                + $"{string.Join(", ", surplus.Select(right => right.Prefix).Distinct())}, or everybody, may do more than they should.",
                string.Join(' ', surplus.Select(right => right.Prefix).Distinct().Select(prefix =>
                    $"Run '{Verb(prefix)} --dry-run' as an administrator, then without --dry-run.")),
                [.. surplus.Select(right => right.Statement).Distinct()]);
    }

    private static string Sentence(List<string> prefixes, int missing)
        => prefixes.Count == 0
            ? "Our roles are not set up here: 'nexus-data setup-roles' gives each no more than it needs."
            : missing == 0
                ? $"The roles of {string.Join(", ", prefixes)} may what they should."
                : $"The roles of {string.Join(", ", prefixes)} may no more than they should; '{Verb(prefixes[0])}' has "
                    + $"{missing} other changes to make.";

    // Who looks after a database may be anybody: a service may not.
    private static string Tell(RoleCatalog catalog, RoleSetupOptions options, bool isSetUp)
    {
        var what = catalog.IsSuperuser ? "a superuser"
            : catalog.Objects.Any(thing => thing is { Kind: SecuredKind.Table, IsOurs: true } && thing.Owner == catalog.User)
                ? "the owner of our tables"
                : null;
        return isSetUp && what is not null
            ? $"This is {catalog.User}, {what}: services connect as {options.NameOf(NexusRole.App)}."
            : "";
    }

    private static string Verb(string prefix)
        => prefix == RoleSetupOptions.DefaultPrefix ? "nexus-data setup-roles" : $"nexus-data setup-roles --prefix {prefix}";
}
