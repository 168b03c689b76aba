namespace Nexus.Data.Operations.Roles;

/// <summary>Compares what there is with what should be: the changes, in the order in which the server takes them.</summary>
internal sealed class RolePlanner
{
    private static readonly NexusRole[] _roles = Enum.GetValues<NexusRole>();
    private static readonly SecuredKind[] _laterKinds = [SecuredKind.Table, SecuredKind.Sequence, SecuredKind.Function];

    private readonly RoleCatalog _catalog;
    private readonly RoleSetupOptions _options;
    private readonly Func<string, string> _quote;
    private readonly string _migration;
    private readonly HashSet<string> _ours;
    private readonly List<RoleChange> _changes = [];
    private readonly List<Handover> _handovers = [];
    private readonly List<NexusRole> _withoutPassword = [];

    // Each once, however many changes it stands in the way of.
    private readonly List<string> _obstacles = [];
    private readonly List<(string Owner, string Thing)> _others = [];

    private RolePlanner(RoleCatalog catalog, RoleSetupOptions options, Func<string, string> quote)
    {
        _catalog = catalog;
        _options = options;
        _quote = quote;
        _migration = options.NameOf(NexusRole.Migration);
        _ours = _roles.Select(options.NameOf).ToHashSet(StringComparer.Ordinal);
    }

    /// <param name="catalog">What there is.</param>
    /// <param name="options">How the roles are called.</param>
    /// <param name="quote">Quotes a name for SQL.</param>
    public static RolePlan Plan(RoleCatalog catalog, RoleSetupOptions options, Func<string, string> quote)
    {
        var planner = new RolePlanner(catalog, options, quote);
        planner.CompareRoles();
        planner.CompareMemberships();
        var roleChanges = planner._changes.Count;

        // Who is to own something in a schema has to be able to make it there.
        foreach (var thing in catalog.Objects.OrderBy(thing => thing.Kind > SecuredKind.Schema))
        {
            planner.Compare(thing);
        }

        planner.CompareLater();
        foreach (var things in planner._others.GroupBy(other => other.Owner, other => other.Thing))
        {
            planner.Obstruct($"{things.Key} owns {string.Join(", ", things)}");
        }

        return new()
        {
            Database = catalog.Database,
            Schema = catalog.Schema,
            Handovers = planner._handovers,
            Changes = planner._changes,
            Obstacles = planner._obstacles,
            WithoutPassword = planner._withoutPassword,
            Options = options,
            RoleChanges = roleChanges,
        };
    }

    private void CompareRoles()
    {
        foreach (var role in _roles)
        {
            var name = _options.NameOf(role);
            var given = _options.Passwords.GetValueOrDefault(role);
            if (!_catalog.Roles.TryGetValue(name, out var state))
            {
                Change($"CREATE ROLE {_quote(name)} LOGIN");
                if (!_catalog.MayCreateRoles)
                {
                    Obstruct($"role {name} is missing, and making it takes CREATEROLE");
                }

                if (given is null)
                {
                    _withoutPassword.Add(role);
                }
            }
            else if (state.Wrong.Length > 0)
            {
                Change($"ALTER ROLE {_quote(name)} {string.Join(' ', state.Wrong)}", takesAway: state.Wrong is not ["LOGIN"]);
                if (!_catalog.IsSuperuser
                    && state.Wrong.Intersect(["NOSUPERUSER", "NOREPLICATION", "NOBYPASSRLS"]).Any())
                {
                    Obstruct($"role {name} has rights that none but a superuser takes away");
                }

                Administer(state);
            }

            if (given is not null && !IsSet(name, given))
            {
                _changes.Add(new($"ALTER ROLE {_quote(name)} PASSWORD '***'")
                {
                    Password = (name, RolePassword.Verifier(given)),
                });
                if (state is not null)
                {
                    Administer(state);
                }
            }
        }
    }

    private bool IsSet(string role, string password)
        => RolePassword.IsOf(_catalog.Verifiers?.GetValueOrDefault(role), password);

    private void Administer(RoleState role)
    {
        if (!_catalog.IsSuperuser
            && (_catalog.Version < RoleCatalog.Version16 ? !_catalog.MayCreateRoles : !role.MayAdminister))
        {
            Obstruct($"role {role.Name} is to be changed, which takes CREATEROLE, and since version 16 ADMIN OPTION on it");
        }
    }

    private void CompareMemberships()
    {
        foreach (var (member, granted, grantor) in _catalog.Memberships)
        {
            var by = _catalog.Version >= RoleCatalog.Version16 ? $" GRANTED BY {_quote(grantor)}" : "";
            Change($"REVOKE {_quote(granted)} FROM {_quote(member)}{by} CASCADE", takesAway: true);
            if (!_catalog.MayCreateRoles)
            {
                Obstruct($"role {member} is a member of {granted}, and ending that takes CREATEROLE");
            }
        }
    }

    private void Compare(SecuredObject thing)
    {
        var before = _changes.Count;
        var rights = _catalog.Rights.Where(right => right.Kind == thing.Kind && right.Id == thing.Id).ToList();
        var owner = HandOver(thing, rights);
        if (thing.Kind != SecuredKind.Type)
        {
            CompareRights(thing, owner, rights);
        }

        if (_changes.Count > before && !thing.MayAct && !(thing.Owner == _migration && MayBecomeMigration))
        {
            if (!thing.IsOurs)
            {
                // Another program's: what can be had of it for a backup is had.
                _changes.RemoveRange(before, _changes.Count - before);
                return;
            }

            _others.Add((thing.Owner, thing.Display));
        }
    }

    // Rights of the owner by now, given and had, become those of the new one.
    private string HandOver(SecuredObject thing, List<Right> rights)
    {
        var isHeld = thing.Kind is SecuredKind.Database or SecuredKind.Schema;
        if (!thing.IsOurs || thing.Owner == _migration || isHeld && !_ours.Contains(thing.Owner))
        {
            return thing.Owner;
        }

        _handovers.Add(new(thing.Display, thing.Owner, !thing.IsOwnerSuperuser));
        if (!thing.FollowsTable)
        {
            Change($"ALTER {thing.Word} {thing.Identity} OWNER TO {_quote(_migration)}", takesAway: _ours.Contains(thing.Owner));
        }

        for (var i = 0; i < rights.Count; i++)
        {
            rights[i] = rights[i] with
            {
                Grantee = rights[i].Grantee == thing.Owner ? _migration : rights[i].Grantee,
                Grantor = rights[i].Grantor == thing.Owner ? _migration : rights[i].Grantor,
            };
        }

        return _migration;
    }

    private void CompareRights(SecuredObject thing, string owner, List<Right> rights)
    {
        var wanted = Wanted(thing, owner).ToHashSet();
        var surplus = rights.Where(right => IsSurplus(thing, owner, right, wanted)).ToList();
        bool IsWanted(Right right) => right.Grantor == owner
            && wanted.Contains((right.Grantee, right.Privilege, right.Column));
        foreach (var group in surplus.GroupBy(right => (
            right.Grantor, right.Grantee, right.Column is null, OptionOnly: IsWanted(right))))
        {
            var what = group.Key.OptionOnly ? "GRANT OPTION FOR " : "";
            var revoke = $"REVOKE {what}{Privileges(group.Select(right => (right.Privilege, right.Column)))} "
                + $"ON {thing.GrantWord} {thing.Identity} FROM {Grantee(group.Key.Grantee)} CASCADE";
            if (group.Key.Grantor == owner)
            {
                Change(revoke, takesAway: true);
            }
            else
            {
                // The owner's REVOKE would leave what another has granted.
                Change($"SET LOCAL ROLE {_quote(group.Key.Grantor)}; {revoke}; RESET ROLE", takesAway: true);
                if (!_catalog.IsSuperuser)
                {
                    Obstruct($"{group.Key.Grantor} has granted rights on {thing.Display} that none but it or a superuser "
                        + "takes back");
                }
            }
        }

        // A right on a table that is taken back takes those on its columns along.
        var gone = surplus.Where(right => right.Column is null && !IsWanted(right))
            .Select(right => (right.Grantor, right.Grantee, right.Privilege)).ToHashSet();
        var kept = rights
            .Where(right => right.Grantor == owner
                && (right.Column is null || !gone.Contains((right.Grantor, right.Grantee, right.Privilege))))
            .Select(right => (right.Grantee, right.Privilege, right.Column)).ToHashSet();
        foreach (var group in wanted.Where(right => !kept.Contains(right)).GroupBy(right => right.Grantee))
        {
            Change($"GRANT {Privileges(group.Select(right => (right.Privilege, right.Column)))} "
                + $"ON {thing.GrantWord} {thing.Identity} TO {Grantee(group.Key)}");
        }
    }

    private IEnumerable<(string Grantee, string Privilege, string? Column)> Wanted(SecuredObject thing, string owner)
    {
        foreach (var role in _roles)
        {
            var name = _options.NameOf(role);
            var privileges = name == owner ? _catalog.OwnersRights[thing.Kind] : RolePolicy.Of(role, thing);
            foreach (var privilege in privileges)
            {
                yield return (name, privilege, null);
            }

            foreach (var column in RolePolicy.ColumnsOf(role, thing, _catalog.Known))
            {
                yield return (name, "SELECT", column);
            }
        }
    }

    private bool IsSurplus(
        SecuredObject thing, string owner, Right right, HashSet<(string, string, string?)> wanted)
    {
        if (!thing.IsOurs || right.Grantee == owner)
        {
            return false;
        }

        if (right.Grantee == Right.Everybody)
        {
            // Who may connect, and use the schema, is left as it is.
            return thing.Kind is not (SecuredKind.Database or SecuredKind.Schema) || right.Privilege == "CREATE";
        }

        return _ours.Contains(right.Grantee)
            && (right.Grantor != owner || right.IsGrantable
                || !wanted.Contains((right.Grantee, right.Privilege, right.Column)));
    }

    private void CompareLater()
    {
        var before = _changes.Count;
        var head = $"ALTER DEFAULT PRIVILEGES FOR ROLE {_quote(_migration)}";
        var inSchema = $"{head} IN SCHEMA {_quote(_catalog.Schema)}";
        if (_catalog.IsLaterFunctionPublic)
        {
            Change($"{head} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC", takesAway: true);
        }

        foreach (var kind in _laterKinds)
        {
            var words = kind.ToString().ToUpperInvariant() + "S";
            var wanted = _roles.SelectMany(
                role => RolePolicy.OfLater(role, kind), (role, privilege) => (_options.NameOf(role), privilege)).ToHashSet();
            var actual = _catalog.Later.Where(right => right.Kind == kind).ToList();
            var surplus = actual.Where(right =>
                right.Grantee != _migration && (_ours.Contains(right.Grantee) || right.Grantee == Right.Everybody)
                && !(right is { InSchema: false, Grantee: Right.Everybody } && kind == SecuredKind.Function)
                && (!right.InSchema || right.IsGrantable || !wanted.Contains((right.Grantee, right.Privilege))));
            foreach (var group in surplus.GroupBy(right => (right.InSchema, right.Grantee)))
            {
                Change($"{(group.Key.InSchema ? inSchema : head)} REVOKE "
                    + $"{string.Join(", ", group.Select(right => right.Privilege))} ON {words} FROM {Grantee(group.Key.Grantee)}",
                    takesAway: true);
            }

            var kept = actual.Where(right => right is { InSchema: true, IsGrantable: false })
                .Select(right => (right.Grantee, right.Privilege)).ToHashSet();
            foreach (var group in wanted.Where(right => !kept.Contains(right)).GroupBy(right => right.Item1))
            {
                Change($"{inSchema} GRANT {string.Join(", ", group.Select(right => right.privilege))} ON {words} "
                    + $"TO {_quote(group.Key)}");
            }
        }

        if ((_changes.Count > before || _handovers.Count > 0) && !MayBecomeMigration)
        {
            Obstruct($"{_migration} is to own our things and to grant what it makes later, and this user cannot become it");
        }
    }

    private bool MayBecomeMigration
        => _catalog.IsSuperuser
           || (_catalog.Roles.TryGetValue(_migration, out var role)
               ? role.MayUse || role.MayAdminister || _catalog.Version < RoleCatalog.Version16 && _catalog.MayCreateRoles
               : _catalog.MayCreateRoles);

    private void Change(string statement, bool takesAway = false) => _changes.Add(new(statement) { TakesAway = takesAway });

    private void Obstruct(string sentence)
    {
        if (!_obstacles.Contains(sentence))
        {
            _obstacles.Add(sentence);
        }
    }

    private string Grantee(string name) => name == Right.Everybody ? name : _quote(name);

    private string Privileges(IEnumerable<(string Privilege, string? Column)> rights)
        => string.Join(", ", rights.GroupBy(right => right.Privilege).Select(group
            => group.Any(right => right.Column is null)
                ? group.Key
                : $"{group.Key} ({string.Join(", ", group.Select(right => _quote(right.Column!)))})"));
}
