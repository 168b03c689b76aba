using System.Diagnostics;
using Nexus.Data.Embedded;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Embedded;

public sealed class PostgresProgramTests : DatabaseTest
{
    [Test]
    public void What_the_environment_says_of_another_server_does_not_reach_the_program()
    {
        var start = Start(
            ("PGSERVICE", "other"), ("PGSERVICEFILE", "/other"), ("PGHOSTADDR", "192.0.2.1"), ("PGHOST", "other"), ("PGPORT", "1"),
            ("PGDATABASE", "other"), ("PGUSER", "other"), ("PGPASSWORD", "other"), ("PGOPTIONS", "-c search_path=other"),
            ("PGTARGETSESSIONATTRS", "standby"), ("PGSSLMODE", "disable"));

        PostgresProgram.SetEnvironment(
            start, new("Host=db;Port=5433;Database=nexus;Username=app;Password=own;Options=-c work_mem=4MB;SSL Mode=Require"));

        Assert.That(Variables(start), Is.EquivalentTo(
            [
                "PGHOST=db", "PGPORT=5433", "PGDATABASE=nexus", "PGUSER=app", "PGPASSWORD=own", "PGOPTIONS=-c work_mem=4MB",
                "PGSSLMODE=require",
            ]));
    }

    [Test]
    public void What_the_connection_does_not_say_is_what_Npgsql_takes()
    {
        var named = Start(("PGDATABASE", "other"), ("PGUSER", "app"), ("PGPASSWORD", "theirs"), ("PGPASSFILE", "/pass"));
        var unnamed = Start(("PGDATABASE", "other"));
        unnamed.Environment.Remove("PGUSER");

        PostgresProgram.SetEnvironment(named, new("Host=db"));
        PostgresProgram.SetEnvironment(unnamed, new("Host=db"));

        Assert.That(
            Variables(named),
            Is.SupersetOf(["PGPORT=5432", "PGDATABASE=app", "PGUSER=app", "PGPASSWORD=theirs", "PGPASSFILE=/pass"]));
        Assert.That(Variables(unnamed), Is.SupersetOf([$"PGDATABASE={Environment.UserName}", $"PGUSER={Environment.UserName}"]));
    }

    [Test]
    public void Without_a_host_there_is_none_to_guess()
        => Assert.That(
            () => PostgresProgram.SetEnvironment(Start(("PGHOST", "other")), new("Database=nexus")), Throws.ArgumentException);

    [Test]
    public async Task The_program_reaches_the_database_that_is_meant()
    {
        var start = Start(("PGSERVICE", "other"), ("PGHOSTADDR", "192.0.2.1"), ("PGDATABASE", "other"));
        PostgresProgram.SetEnvironment(start, new(ConnectionString));

        using var psql = PostgresProgram.Start(start, "psql");
        var said = await psql.StandardOutput.ReadToEndAsync();
        await psql.WaitForExitAsync();

        Assert.That(said.Trim(), Is.EqualTo(new Npgsql.NpgsqlConnectionStringBuilder(ConnectionString).Database));
    }

    private static ProcessStartInfo Start(params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(
            PostgresProgram.PathOf("psql"),
            ["--no-psqlrc", "--no-password", "--tuples-only", "--command=SELECT current_database()"])
        {
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private static IEnumerable<string> Variables(ProcessStartInfo start)
        => start.Environment.Where(variable => variable.Key.StartsWith("PG", StringComparison.Ordinal))
            .Select(variable => $"{variable.Key}={variable.Value}");
}
