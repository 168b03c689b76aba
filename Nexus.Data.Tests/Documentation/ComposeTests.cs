using System.Text.RegularExpressions;
using Nexus.Data.Tests.Architecture;
using Nexus.Data.Tests.Tool;
using Nexus.Data.Tool;
using YamlDotNet.Serialization;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The files for Docker Compose hold what they promise: no password, health checks, the order of the start.</summary>
[TestFixture("docker-compose.yml")]
[TestFixture("docker-compose.prod.yml")]
public sealed partial class ComposeTests(string file)
{
    private readonly string _text = Repository.Read(file);

    private Dictionary<object, object> Document
        => new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build()
            .Deserialize<Dictionary<object, object>>(_text);

    private Dictionary<object, object> Services => Map(Document["services"]);

    [Test]
    public void A_password_is_a_variable_that_has_to_be_set_and_has_no_default()
    {
        var secrets = Variable().Matches(_text).Where(variable => IsSecret(variable.Groups["name"].Value)).ToList();
        var written =
            from service in Services.Values.Select(Map)
            from entry in service.TryGetValue("environment", out var environment) ? Map(environment) : []
            where IsSecret((string)entry.Key) && !Variable().IsMatch((string)entry.Value)
            select entry.Key;

        Assert.Multiple(() =>
        {
            Assert.That(secrets, Is.Not.Empty);
            Assert.That(
                secrets.Where(variable => !variable.Groups["rest"].Value.StartsWith(":?Set ", StringComparison.Ordinal)), Is.Empty);
            Assert.That(written, Is.Empty);
            Assert.That(PasswordInAddress().IsMatch(Variable().Replace(_text, "value")), Is.False, "An address needs no password: PGPASSWORD has it.");
        });
    }

    [Test]
    public void Every_variable_is_in_the_template()
        => Assert.That(
            Variable().Matches(_text).Select(variable => variable.Groups["name"].Value).Distinct(),
            Is.SubsetOf(EnvTemplate.Variables.Select(variable => variable.Name)));

    [Test]
    public void The_server_is_watched_and_its_data_are_in_a_volume_with_a_name()
    {
        var server = Map(Services["postgres"]);
        var check = Map(server["healthcheck"]);
        var volume = ((string)List(server["volumes"]).Single()).Split(':')[0];

        Assert.Multiple(() =>
        {
            Assert.That(List(check["test"]), Has.Exactly(1).Contains("pg_isready"));
            Assert.That(check.Keys, Is.EquivalentTo(["test", "interval", "timeout", "retries", "start_period"]));
            Assert.That(Map(Document["volumes"]).Keys, Is.EqualTo([volume]));
        });
    }

    [Test]
    public void Production_publishes_no_port_and_development_to_this_machine_alone()
    {
        var ports = Services.Values.Select(Map)
            .SelectMany(service => service.TryGetValue("ports", out var list) ? List(list) : []).Cast<string>().ToList();

        Assert.That(ports, Has.All.StartsWith("127.0.0.1:"));
        Assert.That(ports, Has.Count.EqualTo(file == "docker-compose.yml" ? 1 : 0));
    }

    [Test]
    public void Tables_come_after_the_server_and_the_service_after_the_tables()
    {
        var waits = Services.Where(service => (string)service.Key != "postgres").ToDictionary(
            service => (string)service.Key,
            service => Map(Map(service.Value)["depends_on"]).ToDictionary(
                other => (string)other.Key, other => (string)Map(other.Value)["condition"]));

        Assert.That(waits["migrate"], Is.EqualTo(new Dictionary<string, string> { ["postgres"] = "service_healthy" }));
        Assert.That(Map(Services["migrate"])["restart"], Is.EqualTo("no"), "It is done once.");
        foreach (var (_, conditions) in waits.Where(service => service.Key != "migrate"))
        {
            Assert.That(conditions["migrate"], Is.EqualTo("service_completed_successfully"));
        }

        Assert.That(waits.ContainsKey("app"), Is.EqualTo(file == "docker-compose.prod.yml"));
    }

    [Test]
    public async Task What_it_runs_is_a_command_line_of_the_tool()
    {
        var command = List(Map(Services["migrate"])["command"]).Cast<string>().ToArray();

        var run = await ToolRun.RunAsync([.. command, "--connection", "postgresql://somebody@127.0.0.1:1/nowhere"]);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.NoConnection), run.All);
        Assert.That(Repository.Read("Dockerfile"), Does.Contain("ENTRYPOINT [\"dotnet\", \"nexus-data.dll\"]"));
    }

    private static bool IsSecret(string name) => name.Contains("PASSWORD", StringComparison.Ordinal);

    private static Dictionary<object, object> Map(object value) => (Dictionary<object, object>)value;

    private static List<object> List(object value) => (List<object>)value;

    [GeneratedRegex(@"(?<!\$)\$\{(?<name>[A-Z_]+)(?<rest>[^}]*)\}")]
    private static partial Regex Variable();

    [GeneratedRegex(@"://[^/\s]*:[^/\s@]*@")]
    private static partial Regex PasswordInAddress();
}
