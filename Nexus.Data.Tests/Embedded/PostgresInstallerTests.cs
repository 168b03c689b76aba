using System.Runtime.Versioning;
using Nexus.Data.Embedded;

namespace Nexus.Data.Tests.Embedded;

[Platform(Exclude = "Win"), UnsupportedOSPlatform("windows")]
public sealed class PostgresInstallerTests
{
    private static readonly PostgresBinaries _installed = new("/fake", 17);

    private readonly string _path = Directory.CreateTempSubdirectory("nexus-install-").FullName;
    private readonly Dictionary<string, string> _variables = [];
    private readonly List<string> _announced = [];

    private string Marker => Path.Combine(_path, "installed");

    [SetUp]
    public void SetPath()
    {
        _variables["PATH"] = _path;
        Fake("sudo", """shift; [ "$*" = true ] || exec "$@" """);
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_path, recursive: true);

    [Test]
    public async Task The_machines_package_manager_installs_and_one_line_says_so()
    {
        Fake("apk", $"""[ "$*" = "add --no-progress postgresql" ] && echo done >"{Marker}" """);

        var found = await InstallAsync();

        Assert.That(found, Is.EqualTo(_installed));
        Assert.That(_announced, Has.Count.EqualTo(1));
        Assert.That(_announced[0], Does.Contain("apk").And.Contain("NEXUS_PG_INSTALL=0"));
    }

    [Test]
    public async Task The_lists_of_packages_are_fetched_only_where_it_fails_at_first()
    {
        Fake("apk", $"""
            case $1 in
                update) echo fetched >"{_path}/lists" ;;
                add) [ -e "{_path}/lists" ] && echo done >"{Marker}" ;;
            esac
            """);

        Assert.That(await InstallAsync(), Is.EqualTo(_installed));
    }

    [Test]
    public void A_failure_says_what_the_package_manager_said_and_what_to_try()
    {
        Fake("dnf", "echo 'Error: no network' >&2; exit 1");

        Assert.That(
            () => InstallAsync(),
            Throws.TypeOf<PostgresUnavailableException>()
                .With.Message.Contains("no network").And.Message.Contains("sudo dnf install postgresql-server"));
    }

    [Test]
    public void The_variable_forbids_it()
    {
        _variables["NEXUS_PG_INSTALL"] = "0";
        Fake("apk", $"""echo done >"{Marker}" """);

        Assert.That(
            () => InstallAsync(),
            Throws.TypeOf<PostgresUnavailableException>().With.Message.Contains("sudo apk add postgresql"));
        Assert.That(Marker, Does.Not.Exist);
        Assert.That(_announced, Is.Empty);
    }

    [Test]
    public void Without_a_package_manager_one_sentence_says_what_to_do()
        => Assert.That(
            () => InstallAsync(),
            Throws.TypeOf<PostgresUnavailableException>()
                .With.Message.Contains("NEXUS_PG_BIN").And.Message.Contains("NEXUS_DATABASE_URL"));

    [Test]
    public void An_ordinary_user_is_not_asked_for_a_password()
    {
        if (Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("Root needs no password.");
        }

        Fake("sudo", "exit 1");
        Fake("apk", $"""echo done >"{Marker}" """);

        Assert.That(
            () => InstallAsync(),
            Throws.TypeOf<PostgresUnavailableException>().With.Message.Contains("sudo apk add postgresql"));
        Assert.That(Marker, Does.Not.Exist);
    }

    [Test]
    public async Task Of_two_at_once_one_installs()
    {
        Fake("apk", $"""
            [ -e "{_path}/busy" ] && exit 1
            echo busy >"{_path}/busy"
            /bin/sleep 0.3
            echo done >"{Marker}"
            """);

        var found = await Task.WhenAll(InstallAsync(), InstallAsync());

        Assert.That(found, Is.All.EqualTo(_installed));
        Assert.That(_announced, Has.Count.EqualTo(1));
    }

    private Task<PostgresBinaries> InstallAsync()
        => new PostgresInstaller(_variables.GetValueOrDefault, _announced.Add)
            .InstallAsync(() => File.Exists(Marker) ? _installed : null, CancellationToken.None);

    private void Fake(string program, string script) => FakeProgram.Create(Path.Combine(_path, program), script);
}
