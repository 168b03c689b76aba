using Nexus.Data.Operations;
using Nexus.Data.Persistence.Migrations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Operations.Roles;
using Npgsql;

namespace Nexus.Data.Tests.Operations;

[Category("ServerVersions")]
public sealed class DatabaseEraserTests : RoleTest
{
    // Of each kind that is dropped by a word of its own, and what hangs together in ways that an order could break.
    private const string OfAnother =
        """
        CREATE SCHEMA archive; CREATE TABLE archive.notes AS SELECT generate_series(1, 3) AS n;
        CREATE SCHEMA "odd ""one"; CREATE TABLE "odd ""one"."Tab le" (n int);
        CREATE TABLE parts (n int, at date) PARTITION BY RANGE (at);
        CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        INSERT INTO parts VALUES (1, '2025-05-05'), (2, '2025-06-06');
        CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN age AS int CHECK (VALUE > 0);
        CREATE TYPE pair AS (a int, b mood); CREATE TYPE span AS RANGE (subtype = int8);
        CREATE TABLE moods (id int GENERATED ALWAYS AS IDENTITY, serial serial, mood mood, age age, pair pair);
        CREATE STATISTICS moods_statistics ON id, serial FROM moods;
        CREATE VIEW glad AS SELECT * FROM moods; CREATE MATERIALIZED VIEW sad AS SELECT * FROM glad;
        CREATE SEQUENCE free_sequence;
        CREATE FUNCTION greet(mood, text) RETURNS text LANGUAGE sql AS $$ SELECT $2 $$;
        CREATE PROCEDURE work() LANGUAGE sql AS $$ SELECT 1 $$;
        CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
        CREATE OPERATOR === (LEFTARG = mood, RIGHTARG = text, FUNCTION = greet);
        CREATE COLLATION plain FROM "C";
        CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
        """;

    [Test]
    public async Task Everything_is_dropped_and_what_stays_stays()
    {
        await MigrateAsync(ConnectionString);
        await ExecuteAsync(OfAnother);
        await ExecuteAsync($"CREATE ROLE {Other}; GRANT CREATE ON SCHEMA public TO {Other}");
        var extension = await TryExtensionAsync();
        var reset = Reset(ConnectionString);

        var contents = await reset.ReadAsync();
        await reset.EmptyAsync(contents);

        var rights = await ReadAsync(ConnectionString, $"SELECT has_schema_privilege('{Other}', 'public', 'CREATE')");
        Assert.Multiple(async () =>
        {
            Assert.That(contents.Tables, Has.Member(new TableContents("archive.notes", 3, IsOurs: false))
                .And.Member(new TableContents("public.parts", 2, IsOurs: false))
                .And.Member(new TableContents("\"odd \"\"one\".\"Tab le\"", 0, IsOurs: false))
                .And.Member(new TableContents("public.api_requests", 0, IsOurs: true)));
            Assert.That(contents.Tables.Select(table => table.Name), Has.None.Contains("parts_2025"));
            Assert.That(contents.Things, Has.Member("schema archive").And.Member("type public.mood")
                .And.Member("function public.greet(public.mood,pg_catalog.text)"));
            Assert.That(await LeftAsync(), Is.Empty);
            Assert.That(rights, Is.EqualTo(["True"]), "The schema's rights stay.");
            Assert.That(
                await ReadAsync(ConnectionString, $"SELECT count(*) FROM pg_extension WHERE extname = '{extension}'"),
                Is.EqualTo([extension is null ? "0" : "1"]));
            Assert.That((await reset.ReadAsync()).IsEmpty, Is.True);
        });

        // And what it was is made again.
        NpgsqlConnection.ClearAllPools();
        await MigrateAsync(ConnectionString);
    }

    [Test]
    public async Task A_table_that_came_since_it_was_looked_at_stops_it()
    {
        await ExecuteAsync("CREATE TABLE seen (n int)");
        var reset = Reset(ConnectionString);
        var contents = await reset.ReadAsync();
        await ExecuteAsync("CREATE TABLE unseen (n int)");

        Assert.That(
            () => reset.EmptyAsync(contents),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("public.unseen")
                .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Conflict));
        Assert.That(await LeftAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task While_somebody_migrates_nothing_is_dropped()
    {
        await ExecuteAsync("CREATE TABLE notes (n int)");
        var reset = Reset(ConnectionString);
        var contents = await reset.ReadAsync();
        await using var migrating = new NpgsqlConnection(ConnectionString);
        await migrating.OpenAsync();
        await using (var gate = new NpgsqlCommand($"SELECT pg_advisory_lock({NexusMigrationLock.Key})", migrating))
        {
            await gate.ExecuteNonQueryAsync();
        }

        Assert.That(() => reset.EmptyAsync(contents), Throws.TypeOf<NexusDataException>().With.Message.Contains("being migrated"));
        Assert.That(await LeftAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Who_owns_a_part_only_drops_nothing()
    {
        await ExecuteAsync(
            $"""
            CREATE ROLE {Other} LOGIN PASSWORD 'other'; GRANT CREATE ON SCHEMA public TO {Other};
            CREATE TABLE ours (n int); GRANT SELECT ON ours TO {Other};
            SET ROLE {Other}; CREATE TABLE theirs (n int); RESET ROLE
            """);
        var reset = Reset(As(Other, "other"));
        var contents = await reset.ReadAsync();

        Assert.That(
            () => reset.EmptyAsync(contents),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("table public.ours")
                .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Forbidden));
        Assert.That(await LeftAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task The_schema_of_the_connection_is_emptied_and_stays()
    {
        await ExecuteAsync("CREATE SCHEMA own; CREATE TABLE own.notes (n int); CREATE SCHEMA other; CREATE TABLE other.notes (n int)");
        var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { SearchPath = "own" }.ConnectionString;
        var reset = Reset(connection);

        await reset.EmptyAsync(await reset.ReadAsync());

        Assert.That(await LeftAsync(), Is.EqualTo(["schema own"]));

        // So that it can be made anew there.
        await MigrateAsync(connection);
    }

    private static DatabaseEraser Reset(string connectionString) => new(new Contexts(connectionString));

    // Whatever there is, by the server's own account and not by the one under test.
    private Task<List<string>> LeftAsync() => ReadAsync(
        ConnectionString,
        """
        WITH own AS (SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema')
        SELECT what FROM (
            SELECT 'schema ' || nspname, oid, 'pg_namespace'::regclass FROM pg_namespace
                WHERE oid IN (SELECT oid FROM own) AND nspname <> 'public'
            UNION ALL SELECT 'relation ' || relname, oid, 'pg_class'::regclass FROM pg_class WHERE relnamespace IN (SELECT oid FROM own)
            UNION ALL SELECT 'routine ' || proname, oid, 'pg_proc'::regclass FROM pg_proc WHERE pronamespace IN (SELECT oid FROM own)
            UNION ALL SELECT 'type ' || typname, t.oid, 'pg_type'::regclass FROM pg_type t WHERE typnamespace IN (SELECT oid FROM own)
                AND typrelid = 0 AND typelem = 0
            UNION ALL SELECT 'operator ' || oprname, oid, 'pg_operator'::regclass FROM pg_operator WHERE oprnamespace IN (SELECT oid FROM own)
            UNION ALL SELECT 'collation ' || collname, oid, 'pg_collation'::regclass FROM pg_collation
                WHERE collnamespace IN (SELECT oid FROM own)
            UNION ALL SELECT 'words ' || cfgname, oid, 'pg_ts_config'::regclass FROM pg_ts_config WHERE cfgnamespace IN (SELECT oid FROM own)
        ) AS things (what, id, class)
        WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = things.class AND d.objid = things.id AND d.deptype = 'e')
        """);

    // One with functions and types, in the schema that is emptied; null where the server has none of them.
    private async Task<string?> TryExtensionAsync()
    {
        var name = (await ReadAsync(
            ConnectionString, "SELECT name FROM pg_available_extensions WHERE name IN ('hstore', 'citext', 'pg_trgm') ORDER BY 1"))
            .FirstOrDefault();
        if (name is not null)
        {
            await ExecuteAsync($"CREATE EXTENSION {name}");
        }

        return name;
    }
}
