using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Operations.Roles;

public sealed class RolePasswordTests : RoleTest
{
    [Test]
    public void A_verifier_is_the_servers_own()
        => Assert.That(
            RolePassword.Verifier("pencil", Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096),
            Is.EqualTo(
                "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
                + ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="));

    [TestCase("geheim/4711 ü")]
    [TestCase("it's 100% \\ \"$1\"")]
    [TestCase("パスワード😀")]
    public async Task What_the_server_makes_of_a_password_is_known_again(string password)
    {
        await ExecuteAsync(
            $"SET password_encryption = 'scram-sha-256'; CREATE ROLE {Other} PASSWORD '{password.Replace("'", "''")}'");

        var verifier = (await ReadAsync(
            ConnectionString, $"SELECT rolpassword FROM pg_authid WHERE rolname = '{Other}'")).Single();

        Assert.Multiple(() =>
        {
            Assert.That(RolePassword.Objection(password), Is.Null);
            Assert.That(RolePassword.IsOf(verifier, password), Is.True);
            Assert.That(RolePassword.IsOf(verifier, password + " "), Is.False);
            Assert.That(RolePassword.IsOf("md5c0ffee", password), Is.False);
            Assert.That(RolePassword.IsOf(null, password), Is.False);
        });
    }

    [TestCase("", "empty")]
    [TestCase("a\u00ADb", "invisible")]
    [TestCase("a\nb", "invisible")]
    [TestCase("a\u00A0b", "invisible")]
    [TestCase("½", "NFKC")]
    [TestCase("u\u0308", "NFKC")]
    public void A_password_that_clients_write_in_several_ways_is_refused_and_not_quoted(string password, string reason)
        => Assert.That(
            () => Setup("Host=nowhere").PlanAsync(new()
            {
                Passwords = new Dictionary<NexusRole, string> { [NexusRole.App] = password },
            }),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains(reason).And.Message.Contains("nexus_app"));

    [Test]
    public void Passwords_that_are_made_are_long_and_no_two_are_the_same()
    {
        var passwords = Enumerable.Range(0, 100).Select(_ => RolePassword.Generate()).ToList();

        Assert.That(passwords, Is.Unique.And.All.Match("^[A-Za-z0-9_-]{32}$"));
        Assert.That(passwords.Select(RolePassword.Objection), Is.All.Null);
    }

    [Test]
    public async Task A_password_is_set_where_it_is_another_and_kept_where_none_is_given()
    {
        var setup = Setup(ConnectionString);
        await SetUpAsync();
        var other = With(new Dictionary<NexusRole, string> { [NexusRole.App] = "another one" });

        var same = await setup.PlanAsync(Options);
        var none = await setup.PlanAsync(With([]));
        var changed = await setup.PlanAsync(other);
        await setup.ApplyAsync(changed);

        Assert.Multiple(async () =>
        {
            Assert.That(same.Changes, Is.Empty);
            Assert.That(none.Changes, Is.Empty);
            Assert.That(
                changed.Changes.Select(change => change.Statement),
                Is.EqualTo([$"ALTER ROLE {Options.NameOf(NexusRole.App)} PASSWORD '***'"]));
            Assert.That((await setup.PlanAsync(other)).Changes, Is.Empty);
            Assert.That((await setup.PlanAsync(Options)).Changes, Has.Count.EqualTo(1));
        });
    }

    [Test]
    public async Task A_role_without_a_password_is_told_in_the_plan()
    {
        var plan = await Setup(ConnectionString).PlanAsync(
            With(new() { [NexusRole.App] = "a", [NexusRole.Read] = "b" }));

        Assert.That(plan.WithoutPassword, Is.EqualTo([NexusRole.Migration, NexusRole.Backup]));
    }

    [Test]
    public async Task Neither_passwords_nor_what_the_server_keeps_of_them_are_in_statements_plans_or_the_servers_log()
    {
        var logs = new List<string>();
        var commands = new CommandCounter();
        var server = new ServerLog();
        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(ServerLog.Asked(ConnectionString)).AddInterceptors(commands, server).LogTo(logs.Add);
        var setup = new RoleSetup(new LoggedContexts(builder.Options));

        var plan = await setup.PlanAsync(Options);
        await setup.ApplyAsync(plan);

        var told = string.Join(
            '\n',
            [
                .. logs, .. commands.Commands, .. server.Lines, plan.ToString(),
                .. plan.Changes.Select(change => change.ToString()),
            ]);
        Assert.Multiple(() =>
        {
            Assert.That(server.Lines, Has.Some.Contains("nexus_password").And.Some.Contains("arameters: $1 = "));
            Assert.That(told, Does.Not.Contain("SCRAM-SHA-256$"));
            Assert.That(Options.Passwords.Values.Where(told.Contains), Is.Empty);
        });
    }

    [Test]
    public async Task An_error_does_not_tell_what_the_server_keeps_of_a_password()
    {
        await SetUpAsync();
        var server = new ServerLog();
        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(ServerLog.Asked(ConnectionString)).AddInterceptors(server);
        var setup = new RoleSetup(new LoggedContexts(builder.Options));
        var other = With(new() { [NexusRole.App] = "another one" });
        var plan = await setup.PlanAsync(other);
        await using var holder = new NpgsqlConnection(ConnectionString);
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand($"ALTER ROLE {Options.NameOf(NexusRole.App)} PASSWORD 'a third'", holder))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var applying = setup.ApplyAsync(plan);
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'");
        await transaction.CommitAsync();

        var error = Assert.ThrowsAsync<NexusDataException>(() => applying)!;
        Assert.Multiple(() =>
        {
            Assert.That(error.Kind, Is.EqualTo(NexusDataErrorKind.Conflict));
            Assert.That(error.ToString() + string.Join('\n', server.Lines), Does.Not.Contain("SCRAM-SHA-256$"));
        });
    }

    private RoleSetupOptions With(Dictionary<NexusRole, string> passwords)
        => new() { Prefix = Options.Prefix, Passwords = passwords };

    // What the server would write into its log where it logs everything.
    private sealed class ServerLog : DbConnectionInterceptor
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public static string Asked(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
        {
            Options = "-c log_statement=all -c log_min_duration_statement=0 -c client_min_messages=log",
            IncludeErrorDetail = true,
            Pooling = false,
        }.ConnectionString;

        public override Task ConnectionOpenedAsync(
            DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            ((NpgsqlConnection)connection).Notice += (_, told) => Lines.Enqueue(
                $"{told.Notice.MessageText} {told.Notice.Detail} {told.Notice.Where} {told.Notice.InternalQuery}");
            return Task.CompletedTask;
        }
    }

    private sealed class LoggedContexts(DbContextOptions<NexusDbContext> options) : IDbContextFactory<NexusDbContext>
    {
        public NexusDbContext CreateDbContext() => new(options);
    }
}
