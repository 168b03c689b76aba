namespace Nexus.Data.Operations.Roles;

/// <summary>What is to be tried, and whether the server should let it.</summary>
internal sealed record RoleAttempt(string Role, string Action, string Thing, string Statement, bool IsGranted)
{
    /// <summary>The role that the statement begins as; it may change it.</summary>
    public required string By { get; init; }

    /// <summary>The error by which the server shows that it lets the role, and that there is nothing to be had.</summary>
    public string? Success { get; init; }
}

/// <summary>What each role tries. No attempt touches a row or waits for one: the server looks at rights first, and at the
/// condition, which nothing meets, after.</summary>
internal sealed class RoleAttempts(RoleCatalog catalog, RoleSetupOptions options, Func<string, string> quote)
{
    // The sequence was not used in this session yet: said by the server after it has looked at the rights.
    private const string NotUsedYet = "55000";
    private const string Probe = "nexus_setup_roles_probe";

    private static readonly NexusRole[] _users = [NexusRole.App, NexusRole.Read, NexusRole.Backup];

    private readonly List<RoleAttempt> _attempts = [];

    public IReadOnlyList<RoleAttempt> List()
    {
        var schema = quote(catalog.Schema);
        Try(NexusRole.Migration, "create table in", $"schema {catalog.Schema}", $"CREATE TABLE {schema}.{Probe} (id integer)");
        TryLaterTable(schema);
        foreach (var role in _users)
        {
            Try(role, "create table in", $"schema {catalog.Schema}", $"CREATE TABLE {schema}.{Probe} (id integer)", false);
            Try(role, "create schema in", $"database {catalog.Database}", $"CREATE SCHEMA {Probe}", false);
        }

        Try(NexusRole.App, "create temporary table in", $"database {catalog.Database}",
            $"CREATE TEMPORARY TABLE {Probe} (id integer); INSERT INTO pg_temp.{Probe} VALUES (1); "
            + $"UPDATE pg_temp.{Probe} SET id = 2; DROP TABLE pg_temp.{Probe}");
        foreach (var thing in catalog.Objects)
        {
            if (thing.IsOurs && thing.Kind is not (SecuredKind.Database or SecuredKind.Schema))
            {
                Try(NexusRole.Migration, "own", thing, $"COMMENT ON {thing.Word} {thing.Identity} IS NULL");
                foreach (var role in _users)
                {
                    Try(role, "drop", thing, $"DROP {thing.Word} {thing.Identity}", false);
                }
            }

            TryKind(thing);
        }

        return _attempts;
    }

    private void TryKind(SecuredObject thing)
    {
        switch (thing.Kind)
        {
            case SecuredKind.Table when thing.IsOurs:
                TryTable(thing);
                break;
            case SecuredKind.Table or SecuredKind.Sequence when !thing.IsOurs:
                // What the user could not grant, a backup cannot read.
                if (Holds(NexusRole.Backup, thing))
                {
                    Try(NexusRole.Backup, "select", thing, $"SELECT * FROM {thing.Identity} LIMIT 0");
                }

                break;
            case SecuredKind.View:
                foreach (var role in _users)
                {
                    Try(role, "select", thing, $"SELECT * FROM {thing.Identity} LIMIT 0");
                    Try(role, "refresh", thing, $"REFRESH MATERIALIZED VIEW {thing.Identity}", false);
                }

                break;
            case SecuredKind.Sequence:
                Try(NexusRole.App, "use", thing, $"SELECT currval({Literal(thing.Identity)})", success: NotUsedYet);
                Try(NexusRole.App, "set", thing, $"SELECT setval({Literal(thing.Identity)}, 1)", false);
                Try(NexusRole.Read, "use", thing, $"SELECT nextval({Literal(thing.Identity)})", false);
                Try(NexusRole.Backup, "use", thing, $"SELECT nextval({Literal(thing.Identity)})", false);
                Try(NexusRole.Backup, "select", thing, $"SELECT last_value FROM {thing.Identity}");
                break;
            case SecuredKind.Function when !thing.IsTrigger:
                var call = $"{thing.Identity[..thing.Identity.IndexOf('(', StringComparison.Ordinal)]}({thing.Nulls})";
                Try(NexusRole.App, "execute", thing, $"SELECT FROM {call}");
                Try(NexusRole.Read, "execute", thing, $"SELECT FROM {call}", false);
                Try(NexusRole.Backup, "execute", thing, $"SELECT FROM {call}", false);
                break;
            default:
                break;
        }
    }

    private void TryTable(SecuredObject table)
    {
        var columns = string.Join(", ", table.Writable.Select(quote));
        var nulls = string.Join(", ", table.Writable.Select(_ => "NULL"));
        var sets = table.Writable.Select(column => $"{quote(column)} = NULL").ToList();
        foreach (var role in _users)
        {
            var rights = RolePolicy.Of(role, table);
            var visible = RolePolicy.ColumnsOf(role, table, catalog.Known).ToList();
            var hidden = rights.Contains("SELECT") ? [] : table.Columns.Except(visible);
            Try(role, "select", table,
                $"SELECT {(visible.Count == 0 ? "*" : Names(visible))} FROM {table.Identity} LIMIT 0");
            foreach (var column in hidden)
            {
                Try(role, "select", $"column {table.Name}.{column}", $"SELECT {quote(column)} FROM {table.Identity} LIMIT 0", false);
            }

            Try(role, "insert", table, $"INSERT INTO {table.Identity} ({columns}) SELECT {nulls} WHERE false",
                rights.Contains("INSERT"));
            if (rights.Contains("UPDATE"))
            {
                Try(role, "update", table, $"UPDATE {table.Identity} SET {string.Join(", ", sets)} WHERE false");
            }
            else
            {
                // One by one: a right to a single column would not show among the others.
                foreach (var (column, set) in table.Writable.Zip(sets))
                {
                    Try(role, "update", $"column {table.Name}.{column}", $"UPDATE {table.Identity} SET {set} WHERE false", false);
                }
            }

            Try(role, "delete", table, $"DELETE FROM {table.Identity} WHERE false", rights.Contains("DELETE"));
            Try(role, "truncate", table, $"TRUNCATE {table.Identity}", false);
            Try(role, "alter", table, $"ALTER TABLE {table.Identity} ADD COLUMN {Probe} integer", false);
        }
    }

    // A migration to come: its table is made, used by each, and never seen by anybody.
    private void TryLaterTable(string schema)
    {
        const string what = "table of a later migration";
        var table = $"{schema}.{Probe}";
        var make = $"CREATE TABLE {table} (id serial, name text); "
            + $"CREATE FUNCTION {table}() RETURNS integer LANGUAGE sql AS 'SELECT 1'; ";
        string As(NexusRole role) => $"{make}SET LOCAL ROLE {quote(options.NameOf(role))}; ";
        void TryLater(NexusRole role, string action, string statement, bool isGranted = true)
            => Add(NexusRole.Migration, options.NameOf(role), action, what, As(role) + statement, isGranted, null);

        TryLater(NexusRole.App, "select, insert, update, delete",
            $"INSERT INTO {table} (name) VALUES ('a'); UPDATE {table} SET name = 'b'; SELECT * FROM {table}; "
            + $"DELETE FROM {table}; SELECT {table}()");
        TryLater(NexusRole.App, "truncate", $"TRUNCATE {table}", false);
        TryLater(NexusRole.Read, "select", $"SELECT * FROM {table}");
        TryLater(NexusRole.Read, "insert", $"INSERT INTO {table} (id) VALUES (1)", false);
        TryLater(NexusRole.Backup, "select", $"SELECT * FROM {table}; SELECT last_value FROM {table}_id_seq");
        TryLater(NexusRole.Backup, "insert", $"INSERT INTO {table} (id) VALUES (1)", false);
        TryLater(NexusRole.Read, "execute", $"SELECT {table}()", false);
    }

    private void Try(
        NexusRole role, string action, SecuredObject thing, string statement, bool isGranted = true, string? success = null)
        => Add(role, options.NameOf(role), action, thing.Display, statement, isGranted, success);

    private void Try(NexusRole role, string action, string thing, string statement, bool isGranted = true)
        => Add(role, options.NameOf(role), action, thing, statement, isGranted, null);

    // By whom it is begun, and whom it is about.
    private void Add(
        NexusRole by, string role, string action, string thing, string statement, bool isGranted, string? success)
        => _attempts.Add(new(role, action, thing, statement, isGranted) { By = options.NameOf(by), Success = success });

    private bool Holds(NexusRole role, SecuredObject thing)
        => catalog.Rights.Any(right => right.Kind == thing.Kind && right.Id == thing.Id && right.Column is null
            && right.Grantee == options.NameOf(role) && right.Privilege == "SELECT");

    private string Names(IEnumerable<string> columns) => string.Join(", ", columns.Select(quote));

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
