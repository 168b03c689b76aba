using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

/// <summary>The exit codes that every verb has in common, verb by verb: a new one is tested by being there.</summary>
public sealed class VerbTests
{
    private const string NoServer = "postgresql://somebody:secret-word@127.0.0.1:1/nowhere";
    private const string Id = "cbc02230-e69e-57fd-9f6c-b38529c8f70d";

    // What needs no database: it is made, asked for elsewhere, or the machine's own.
    private static readonly string[] _withoutDatabase =
        ["dev-db start", "dev-db stop", "dev-db connect", "dev-db logs", "dev-db reset", "dev-db", "env-template", "completion", "credentials keygen"];

    // The least that each has to be told besides.
    private static readonly Dictionary<string, string> _arguments = new()
    {
        ["analyses retry"] = "1",
        ["analyses show"] = "1",
        ["credentials add"] = "acc_x --name x",
        ["credentials delete"] = "acc_x",
        ["credentials link"] = "acc_x club",
        ["credentials refresh"] = "acc_x",
        ["credentials rename"] = "acc_x y",
        ["credentials show"] = "acc_x",
        ["credentials unlink"] = "acc_x club",
        ["credentials update"] = "acc_x",
        ["explain"] = Id,
        ["generate-api-key"] = "--train-id club",
        ["import"] = "LOG",
        ["keys create"] = "club",
        ["keys delete"] = Id,
        ["keys delete-revoked"] = "--older-than 30d",
        ["keys rename"] = $"{Id} x",
        ["keys revoke"] = Id,
        ["members add"] = "club a@example.com",
        ["members list"] = "club",
        ["members remove"] = "club a@example.com",
        ["members role"] = "club a@example.com owner",
        ["prune"] = "--older-than 90d",
        ["restore"] = "DUMP",
        ["show"] = Id,
        ["trains create"] = "club --owner a@example.com",
        ["trains delete"] = "club",
        ["trains disable"] = "club",
        ["trains enable"] = "club",
        ["trains show"] = "club",
        ["trains update"] = "club --name x",
        ["usage prices delete"] = "m --valid-from 2025-01-01",
        ["usage prices import"] = "LOG",
    };

    // Tokens are not taken without a key.
    private static readonly Dictionary<string, string> _variables = new()
    {
        ["NEXUS_CREDENTIAL_KEYS"] = $"k1:{Convert.ToBase64String(new byte[32])}",
    };

    private static readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nexus-verbs");
    private static string _database = "";

    // One for all, in which nothing is done; and a backup, as restore wants to see it before it connects: in SQL where no program dumps
    // the server.
    [OneTimeSetUp]
    public static async Task CreateDatabase()
    {
        _database = await Server.CloneAsync();
        if (await NeedsDumpAttribute.ObstacleAsync() is not null)
        {
            await File.WriteAllTextAsync(Dump, "CREATE TABLE public.old (n int);\n");
            return;
        }

        var backup = await ToolRun.RunAsync("backup", Dump, "--connection", await Server.AsAdministratorAsync(_database));
        Assert.That(backup.ExitCode, Is.Zero, backup.All);
    }

    [OneTimeTearDown]
    public static async Task DropDatabase()
    {
        _folder.Delete(recursive: true);
        await Server.DropAsync(_database);
    }

    private static IEnumerable<string> All => CommandTree.Leaves().Select(words => string.Join(' ', words));

    private static IEnumerable<string> OfDatabases => All.Except(_withoutDatabase);

    [TestCaseSource(nameof(All))]
    public async Task Help_ends_with_examples(string verb)
    {
        var run = await ToolRun.RunAsync([.. verb.Split(' '), "--help"]);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        Assert.That(run.Output, Does.Contain("Examples:").And.Contain($"  nexus-data {verb}"));
    }

    [TestCaseSource(nameof(All))]
    public async Task An_option_that_there_is_not_is_wrong_usage(string verb)
    {
        var run = await ToolRun.RunAsync([.. Line(verb), "--nonsense"]);

        Assert.That((run.ExitCode, run.Output), Is.EqualTo((ExitCode.WrongUsage, "")), run.All);
        Assert.That(run.Error, Does.Contain("--nonsense").And.Contain($"See 'nexus-data {verb} --help'."));
    }

    [TestCaseSource(nameof(OfDatabases))]
    public async Task Without_a_server_the_exit_code_is_4_and_the_password_stays_hidden(string verb)
    {
        var run = await RunAsync(verb, NoServer, CancellationToken.None);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.NoConnection), run.All);
            Assert.That(run.Error, Does.Contain("127.0.0.1:1"));
            Assert.That(run.All, Does.Not.Contain("secret-word"));
        });
    }

    [TestCaseSource(nameof(OfDatabases))]
    public async Task Stopped_by_Ctrl_C_it_ends_with_130(string verb)
    {
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();

        var run = await RunAsync(verb, _database, stopped.Token);

        Assert.That((run.ExitCode, run.Output), Is.EqualTo((ExitCode.Interrupted, "")), run.All);
        Assert.That(run.Error, Does.EndWith("Stopped." + Environment.NewLine));
    }

    private static string[] Line(string verb)
        => [.. verb.Split(' '), .. _arguments.GetValueOrDefault(verb, "").Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    private static Task<ToolRun> RunAsync(string verb, string connection, CancellationToken cancellationToken)
        => ToolRun.RunAsync(
            [
                .. Line(verb).Select(word => word switch
                {
                    "LOG" => GoldenLog.PathOf("request-log.jsonl"),
                    "DUMP" => Dump,
                    _ => word,
                }),
                "--yes", "--connection", connection,
            ],
            """{"access_token": "a", "refresh_token": "r", "expires_at": "2031-01-01T00:00:00Z", "scopes": []}""",
            _variables, cancellationToken);

    private static string Dump => Path.Combine(_folder.FullName, "nexus.dump");
}
