using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Operations.Roles;

/// <summary>What the rights are given on.</summary>
internal enum SecuredKind
{
    Database,
    Schema,
    Table,
    View,
    Sequence,
    Function,
    Type,
}

/// <summary>A thing of the database that has an owner and a list of rights.</summary>
internal sealed record SecuredObject
{
    public required SecuredKind Kind { get; init; }

    public required long Id { get; init; }

    public required string Name { get; init; }

    /// <summary>How SQL names it: quoted, with its schema and the types of its arguments.</summary>
    public required string Identity { get; init; }

    public required string Owner { get; init; }

    public required bool IsOwnerSuperuser { get; init; }

    /// <summary>Whether the connected user has the owner's rights.</summary>
    public required bool MayAct { get; init; }

    /// <summary>False for what another program keeps in the schema.</summary>
    public required bool IsOurs { get; init; }

    /// <summary>Whether it is a sequence that changes its owner with its table.</summary>
    public required bool FollowsTable { get; init; }

    public required bool IsTrigger { get; init; }

    /// <summary>Columns of a table.</summary>
    public required string[] Columns { get; init; }

    /// <summary>Those of the columns that a row can be given a value for.</summary>
    public required string[] Writable { get; init; }

    /// <summary>Arguments of a function, each a null of its type.</summary>
    public required string Nulls { get; init; }

    /// <summary>The word for it in GRANT and REVOKE.</summary>
    public string GrantWord => Kind == SecuredKind.View ? "TABLE" : Kind.ToString().ToUpperInvariant();

    /// <summary>The word for it elsewhere.</summary>
    public string Word => Kind == SecuredKind.View ? "MATERIALIZED VIEW" : GrantWord;

    /// <summary>For people.</summary>
    public string Display
        => $"{(Kind == SecuredKind.View ? "view" : GrantWord.ToLowerInvariant())} {Name}";
}

/// <summary>One right as the server has it. The grantee of everybody's is <see cref="Everybody"/>.</summary>
internal sealed record Right(
    SecuredKind Kind, long Id, string? Column, string Grantee, string Privilege, string Grantor, bool IsGrantable)
{
    public const string Everybody = "PUBLIC";
}

/// <summary>A right that things get which a role makes later, in the schema or anywhere.</summary>
internal sealed record LaterRight(SecuredKind Kind, bool InSchema, string Grantee, string Privilege, bool IsGrantable);

/// <summary>A role as the server has it. <c>Wrong</c> are the attributes that no role of ours has.</summary>
internal sealed record RoleState(string Name, string[] Wrong, bool MayUse, bool MayAdminister);

/// <summary>That a role of ours has the rights of another.</summary>
internal sealed record Membership(string Member, string Granted, string Grantor);

/// <summary>Roles, owners and rights as the server has them.</summary>
internal sealed record RoleCatalog
{
    /// <summary>The first version in which who made a role does not have its rights by that, and memberships have
    /// grantors.</summary>
    public const int Version16 = 160000;

    private const string ServerStatement =
        """
        SELECT current_setting('server_version_num')::integer, current_user::text, rolsuper, rolcreaterole,
               current_database()::text, current_schema()::text
        FROM pg_roles WHERE rolname = current_user
        """;

    // Our own things are known by their names, by the columns that use them and by the tables whose triggers call them.
    private const string Things =
        """
        WITH place AS (SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname = current_schema()),
        relations AS (
            SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relname = ANY (@relations) AS is_named,
                   EXISTS (SELECT FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
                           WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                             AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                             AND t.relname = ANY (@relations) AND t.relnamespace = c.relnamespace) AS is_owned,
                   EXISTS (SELECT FROM pg_depend d JOIN pg_attrdef a ON a.oid = d.objid JOIN pg_class t ON t.oid = a.adrelid
                           WHERE d.classid = 'pg_attrdef'::regclass AND d.refobjid = c.oid
                             AND d.refclassid = 'pg_class'::regclass
                             AND t.relname = ANY (@relations) AND t.relnamespace = c.relnamespace) AS is_used
            FROM pg_class c JOIN place ON place.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm', 'S')
              AND NOT EXISTS (SELECT FROM pg_depend d
                              WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')),
        things AS (
            SELECT 'Database' AS kind, oid, datname::text AS name, quote_ident(datname) AS identity, datdba AS owner,
                   coalesce(datacl, acldefault('d', datdba)) AS rights, true AS is_ours, false AS follows,
                   false AS is_trigger, '' AS nulls
            FROM pg_database WHERE datname = current_database()
            UNION ALL
            SELECT 'Schema', oid, nspname::text, quote_ident(nspname), nspowner,
                   coalesce(nspacl, acldefault('n', nspowner)), true, false, false, ''
            FROM place
            UNION ALL
            SELECT CASE relkind WHEN 'S' THEN 'Sequence' WHEN 'm' THEN 'View' ELSE 'Table' END, r.oid, relname::text,
                   format('%I.%I', nspname, relname), relowner,
                   coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)),
                   is_named AND relkind <> 'S' OR relkind = 'S' AND (is_owned OR is_used), is_owned, false, ''
            FROM relations r, place
            UNION ALL
            SELECT 'Function', p.oid, proname::text,
                   format('%I.%I(%s)', nspname, proname, oidvectortypes(proargtypes)), proowner,
                   coalesce(proacl, acldefault('f', proowner)), true, false, prorettype = 'trigger'::regtype,
                   (SELECT coalesce(string_agg('NULL::' || format_type(type, NULL), ', ' ORDER BY n), '')
                    FROM unnest(proargtypes) WITH ORDINALITY AS argument (type, n))
            FROM pg_proc p JOIN place ON place.oid = pronamespace
            WHERE proname = ANY (@functions)
               OR EXISTS (SELECT FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid
                          WHERE t.tgfoid = p.oid AND NOT t.tgisinternal AND r.is_named)
            UNION ALL
            SELECT DISTINCT 'Type', t.oid, typname::text, format('%I.%I', nspname, typname), typowner,
                   NULL::aclitem[], true, false, false, ''
            FROM pg_type t JOIN place ON place.oid = typnamespace JOIN pg_attribute a ON a.atttypid = t.oid
            JOIN relations r ON r.oid = a.attrelid AND r.is_named
            WHERE t.typtype IN ('e', 'd'))

        """;

    private const string ThingsStatement = Things +
        """
        SELECT kind, things.oid::bigint, name, identity, rolname::text, rolsuper,
               pg_has_role(current_user, owner, 'USAGE'), is_ours, follows, is_trigger,
               ARRAY(SELECT attname::text FROM pg_attribute
                     WHERE kind IN ('Table', 'View') AND attrelid = things.oid AND attnum > 0 AND NOT attisdropped
                     ORDER BY attnum),
               ARRAY(SELECT attname::text FROM pg_attribute
                     WHERE kind = 'Table' AND attrelid = things.oid AND attnum > 0 AND NOT attisdropped
                       AND attgenerated = '' AND attidentity <> 'a'
                     ORDER BY attnum),
               nulls
        FROM things JOIN pg_roles ON pg_roles.oid = owner
        ORDER BY array_position(ARRAY['Database', 'Schema', 'Type', 'Table', 'Sequence', 'View', 'Function'], kind),
                 is_ours DESC, name
        """;

    private const string RightsStatement = Things +
        """
        SELECT kind, oid::bigint, NULL, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END,
               privilege_type, pg_get_userbyid(grantor)::text, is_grantable
        FROM things, aclexplode(rights)
        UNION ALL
        SELECT kind, oid::bigint, attname::text,
               CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END,
               privilege_type, pg_get_userbyid(grantor)::text, is_grantable
        FROM things JOIN pg_attribute ON attrelid = things.oid AND attnum > 0 AND NOT attisdropped, aclexplode(attacl)
        WHERE kind IN ('Table', 'View')
        ORDER BY 1, 2, 3, 4, 6, 5
        """;

    private const string OwnersStatement =
        """
        SELECT kind, privilege_type
        FROM (VALUES ('Table', 'r'), ('View', 'r'), ('Sequence', 's'), ('Function', 'f')) AS kinds (kind, letter),
        aclexplode(acldefault(letter::"char", 10)) WHERE grantee = 10
        """;

    private const string LaterStatement =
        """
        SELECT CASE defaclobjtype WHEN 'r' THEN 'Table' WHEN 'S' THEN 'Sequence' ELSE 'Function' END, defaclnamespace <> 0,
               CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END, privilege_type, is_grantable
        FROM pg_default_acl d LEFT JOIN LATERAL aclexplode(defaclacl) ON true
        WHERE defaclrole = (SELECT oid FROM pg_roles WHERE rolname = @migration) AND defaclobjtype IN ('r', 'S', 'f')
          AND defaclnamespace IN (0, (SELECT oid FROM pg_namespace WHERE nspname = current_schema()))
        ORDER BY 1, 2, 3, 4
        """;

    // Before version 16 a member can always become what it is a member of.
    private const string RolesStatement =
        """
        SELECT rolname::text,
               array_remove(ARRAY[
                   CASE WHEN NOT rolcanlogin THEN 'LOGIN' END, CASE WHEN rolsuper THEN 'NOSUPERUSER' END,
                   CASE WHEN rolcreatedb THEN 'NOCREATEDB' END, CASE WHEN rolcreaterole THEN 'NOCREATEROLE' END,
                   CASE WHEN rolreplication THEN 'NOREPLICATION' END, CASE WHEN rolbypassrls THEN 'NOBYPASSRLS' END], NULL),
               pg_has_role(current_user, oid, 'USAGE') AND pg_has_role(current_user, oid, @set),
               pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION')
        FROM pg_roles WHERE rolname = ANY (@roles)
        """;

    // The membership by which RDS lets a role log in gives no other right.
    private const string MembershipsStatement =
        """
        SELECT member.rolname::text, granted.rolname::text, pg_get_userbyid(m.grantor)::text
        FROM pg_auth_members m JOIN pg_roles member ON member.oid = m.member JOIN pg_roles granted ON granted.oid = m.roleid
        WHERE member.rolname = ANY (@roles) AND granted.rolname <> 'rds_iam'
        ORDER BY 1, 2, 3
        """;

    private const string VerifiersStatement =
        "SELECT rolname::text, coalesce(rolpassword, '') FROM pg_authid WHERE rolname = ANY (@roles)";

    public required int Version { get; init; }

    public required string User { get; init; }

    public required bool IsSuperuser { get; init; }

    public required bool MayCreateRoles { get; init; }

    public required string Database { get; init; }

    public required string Schema { get; init; }

    public IReadOnlyList<SecuredObject> Objects { get; private init; } = [];

    public IReadOnlyList<Right> Rights { get; private init; } = [];

    /// <summary>What an owner may do with things of a kind, by the server's version.</summary>
    public ILookup<SecuredKind, string> OwnersRights { get; private init; } = null!;

    public IReadOnlyList<LaterRight> Later { get; private init; } = [];

    /// <summary>Whether everybody may call what functions the migration role makes later: the server's default.</summary>
    public bool IsLaterFunctionPublic { get; private init; }

    public IReadOnlyDictionary<string, RoleState> Roles { get; private init; } = new Dictionary<string, RoleState>();

    public IReadOnlyList<Membership> Memberships { get; private init; } = [];

    /// <summary>What the server keeps of passwords; null where the user may not see it.</summary>
    public IReadOnlyDictionary<string, string>? Verifiers { get; private init; }

    /// <summary>The columns of the model, by table.</summary>
    public required IReadOnlyDictionary<string, IReadOnlySet<string>> Known { get; init; }

    public static async Task<RoleCatalog> ReadAsync(
        NexusDbContext db, RoleSetupOptions options, CancellationToken cancellationToken)
    {
        var roles = Enum.GetValues<NexusRole>().Select(options.NameOf).ToArray();
        var known = Columns(db);
        var server = (await db.ReadAllAsync(
            ServerStatement, [], row => new RoleCatalog
            {
                Version = row.GetInt32(0),
                User = row.GetString(1),
                IsSuperuser = row.GetBoolean(2),
                MayCreateRoles = row.GetBoolean(2) || row.GetBoolean(3),
                Database = row.GetString(4),
                Schema = row.IsDBNull(5) ? "" : row.GetString(5),
                Known = known,
            },
            cancellationToken)).Single();
        if (server.Schema.Length == 0)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"The connection's search_path names no schema that is there in database {server.Database}, so nobody "
                + "knows where our tables are.");
        }

        NpgsqlParameter[] Names()
            => [DbCommands.Texts("relations", [.. known.Keys]), DbCommands.Texts("functions", RolePolicy.Functions)];

        var owners = await db.ReadAllAsync(
            OwnersStatement, [], row => (Kind: KindOf(row), Privilege: row.GetString(1)), cancellationToken);
        var later = await db.ReadAllAsync(
            LaterStatement, [DbCommands.Text("migration", options.NameOf(NexusRole.Migration))],
            row => (Kind: KindOf(row), InSchema: row.GetBoolean(1), Right: row.IsDBNull(2)
                ? null
                : new LaterRight(KindOf(row), row.GetBoolean(1), row.GetString(2), row.GetString(3), row.GetBoolean(4))),
            cancellationToken);
        var laterFunctions = later.Where(right => right is { InSchema: false, Kind: SecuredKind.Function }).ToList();
        return server with
        {
            Objects = await db.ReadAllAsync(ThingsStatement, Names(), ReadObject, cancellationToken),
            Rights = await db.ReadAllAsync(
                RightsStatement, Names(),
                row => new Right(
                    KindOf(row), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetString(3),
                    row.GetString(4), row.GetString(5), row.GetBoolean(6)),
                cancellationToken),
            OwnersRights = owners.ToLookup(right => right.Kind, right => right.Privilege),
            Later = [.. later.Select(row => row.Right).OfType<LaterRight>()],
            IsLaterFunctionPublic = laterFunctions.Count == 0
                || laterFunctions.Any(row => row.Right is { Grantee: Right.Everybody }),
            Roles = (await db.ReadAllAsync(
                    RolesStatement,
                    [DbCommands.Texts("roles", roles), DbCommands.Text("set", server.Version >= Version16 ? "SET" : "MEMBER")],
                    row => new RoleState(
                        row.GetString(0), row.GetFieldValue<string[]>(1), row.GetBoolean(2), row.GetBoolean(3)),
                    cancellationToken))
                .ToDictionary(role => role.Name),
            Memberships = await db.ReadAllAsync(
                MembershipsStatement, [DbCommands.Texts("roles", roles)],
                row => new Membership(row.GetString(0), row.GetString(1), row.GetString(2)), cancellationToken),
            Verifiers = server.IsSuperuser
                ? (await db.ReadAllAsync(
                    VerifiersStatement, [DbCommands.Texts("roles", roles)],
                    row => (Role: row.GetString(0), Verifier: row.GetString(1)), cancellationToken))
                .ToDictionary(row => row.Role, row => row.Verifier)
                : null,
        };
    }

    // Tables and views of the model, and the history of migrations, with the columns that we know.
    /// <summary>The columns of the model, by table; none of the history.</summary>
    internal static Dictionary<string, IReadOnlySet<string>> Columns(NexusDbContext db)
    {
        var columns = db.Model.GetEntityTypes().GroupBy(type => type.GetTableName() ?? type.GetViewName()!)
            .ToDictionary(
                types => types.Key,
                IReadOnlySet<string> (types) => types.SelectMany(type => type.GetProperties())
                    .Select(property => property.GetColumnName()).ToHashSet(StringComparer.Ordinal),
                StringComparer.Ordinal);
        columns[RolePolicy.History] = new HashSet<string>();
        return columns;
    }

    private static SecuredKind KindOf(DbDataReader row) => Enum.Parse<SecuredKind>(row.GetString(0));

    private static SecuredObject ReadObject(DbDataReader row) => new()
    {
        Kind = KindOf(row),
        Id = row.GetInt64(1),
        Name = row.GetString(2),
        Identity = row.GetString(3),
        Owner = row.GetString(4),
        IsOwnerSuperuser = row.GetBoolean(5),
        MayAct = row.GetBoolean(6),
        IsOurs = row.GetBoolean(7),
        FollowsTable = row.GetBoolean(8),
        IsTrigger = row.GetBoolean(9),
        Columns = row.GetFieldValue<string[]>(10),
        Writable = row.GetFieldValue<string[]>(11),
        Nulls = row.GetString(12),
    };
}
