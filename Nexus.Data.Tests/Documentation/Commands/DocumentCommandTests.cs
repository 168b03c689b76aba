using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Embedded;
using Nexus.Data.Tests.Chats.Importing;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Migrations.Adoption;
using Npgsql;

namespace Nexus.Data.Tests.Documentation.Commands;

/// <summary>
/// Every command of README and docs runs. The blocks of a document run in their order, on a database that is fresh for each document and on a
/// server that no other test has.
/// </summary>
[Category("DocumentCommands")]
public sealed class DocumentCommandTests
{
    private static EmbeddedPostgres _server = null!;
    private static TemplateDatabases _databases = null!;
    private static string _programs = "";

    [OneTimeSetUp]
    public static async Task StartServer()
    {
        var server = await PostgresBinaries.FindOrInstallAsync();
        await IgnoreWithoutProgramsAsync(server);
        _programs = server.Folder;
        _server = await EmbeddedPostgres.StartAsync(new() { ThrowAway = true });
        _databases = new(_server.ConnectionString, async (connection, cancellationToken) =>
        {
            await using var db = Server.Open(connection);
            await db.Database.MigrateAsync(cancellationToken);
        });
    }

    [OneTimeTearDown]
    public static async Task StopServer()
    {
        if (_databases is not null)
        {
            await _databases.DisposeAsync();
            await _server.DisposeAsync();
        }
    }

    [TestCaseSource(nameof(WithCommands))]
    public async Task The_commands_of_a_document_run(string document)
    {
        var isAdopting = document == "docs/adopting.md";
        await using var world = new CommandWorld(
            isAdopting ? await _databases.CreateEmptyAsync() : await _databases.CloneAsync(), _programs);
        await PrepareAsync(document, world);

        foreach (var block in CommandBlock.Of(document).Where(block => block.NotRun is null))
        {
            var (exitCode, output) = await world.RunAsync(block);

            await TestContext.Out.WriteLineAsync($"== {document}, block {block.Number}\n{output}");
            Assert.That(exitCode, Is.EqualTo(block.ExitCode), $"{document}, block {block.Number}:\n{block.Script}\n{output}");
        }
    }

    private static IEnumerable<string> WithCommands() => CommandBlock.All().Where(block => block.NotRun is null).Select(block => block.Document).Distinct();

    // What a document takes for given.
    private static async Task PrepareAsync(string document, CommandWorld world)
    {
        if (document == "docs/adopting.md")
        {
            world.Set("DATABASE_URL", world.AddressOf(new NpgsqlConnectionStringBuilder(world.ConnectionString).Database!));
            world.Set("REHEARSAL_URL", world.AddressOf("nexus_rehearsal"));
            world.Set("BEFORE_URL", world.AddressOf("nexus_before"));
            await using var connection = await OpenAsync(world.ConnectionString);
            var original = StartingPoint.AsItRuns.Single(point => point.Name == "014 without 002, 003, 012");
            await original.MakeAsync(connection);
            await OriginalRows.InsertAsync(connection, original);
        }

        if (document == "docs/import-chats.md")
        {
            world.Set("RELAY_DATABASE_URL", world.AddressOf("relay_dev"));
            await ExecuteAsync(world.ConnectionString, "CREATE DATABASE relay_dev");
            await ExecuteAsync(
                world.ConnectionString, $"BEGIN; {string.Join('\n', ChatImportTests.TeamChat("opchat"))} COMMIT;");
            await ExecuteAsync(
                new NpgsqlConnectionStringBuilder(world.ConnectionString) { Database = "relay_dev" }.ConnectionString,
                $"BEGIN; {OldPrograms.Relay("public")} {OldPrograms.Session(1, "Trains")} COMMIT;");
        }
    }

    // psql, pg_dump and their like are those of the server's folder, else of the path; older ones refuse the server.
    private static async Task IgnoreWithoutProgramsAsync(PostgresBinaries server)
    {
        try
        {
            using var dump = Process.Start(
                new ProcessStartInfo(PostgresProgram.PathOf("pg_dump"), ["--version"]) { RedirectStandardOutput = true })!;
            var said = await dump.StandardOutput.ReadToEndAsync();
            var version = int.Parse(said.Split(' ')[2].Split('.')[0], CultureInfo.InvariantCulture);
            if (version < server.MajorVersion)
            {
                Assert.Ignore($"The documents' commands need pg_dump {server.MajorVersion}, and this is {version}.");
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("The documents' commands need psql and pg_dump, which this machine has not.");
        }
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = await OpenAsync(connectionString);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }
}
