using System.Runtime.Versioning;
using Nexus.Data.Embedded;

namespace Nexus.Data.Tests.Embedded;

[Platform(Exclude = "Win"), UnsupportedOSPlatform("windows")]
public sealed class BinariesLookupTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("nexus-lookup-").FullName;
    private readonly Dictionary<string, string> _variables = [];

    [TearDown]
    public void RemoveFolders() => Directory.Delete(_root, recursive: true);

    [Test]
    public void There_are_none() => Assert.That(Find(), Is.Null);

    [Test]
    public void The_newest_version_is_the_greatest_number_and_no_older_or_newer_than_supported()
    {
        Install("usr/lib/postgresql/9.6/bin", "9.6.24");
        Install("usr/lib/postgresql/13/bin", "13.4");
        Install("usr/lib/postgresql/18/bin", "18.1");
        Install("usr/lib/postgresql/20/bin", "20.0");
        Directory.CreateDirectory(Path.Combine(_root, "usr/lib/postgresql/17/bin"));

        Assert.That(Find(), Is.EqualTo(new PostgresBinaries($"{_root}/usr/lib/postgresql/18/bin", 18)));
    }

    [TestCase("usr/pgsql-16/bin")]
    [TestCase("usr/lib/postgresql16/bin")]
    [TestCase("usr/libexec/postgresql16")]
    [TestCase("usr/bin")]
    [TestCase("usr/local/pgsql/bin")]
    [TestCase("opt/homebrew/opt/postgresql@16/bin")]
    [TestCase("usr/local/opt/postgresql@16/bin")]
    [TestCase("home/linuxbrew/.linuxbrew/opt/postgresql@16/bin")]
    [TestCase("Applications/Postgres.app/Contents/Versions/16/bin")]
    public void The_usual_folders_are_known(string folder)
    {
        Install(folder, "16.3 (Homebrew)");

        Assert.That(Find(), Is.EqualTo(new PostgresBinaries($"{_root}/{folder}", 16)));
    }

    [Test]
    public void The_variable_comes_before_the_path_and_the_path_before_the_usual_folders()
    {
        var usual = Install("usr/lib/postgresql/18/bin", "18.1");
        Assert.That(Find()?.Folder, Is.EqualTo(usual));

        var path = Install("on/the/path", "15.2");
        _variables["PATH"] = $"/nowhere:relative:{path}";
        Assert.That(Find()?.Folder, Is.EqualTo(path));

        var named = Install("named by/the variable", "13.9");
        _variables["NEXUS_PG_BIN"] = named;
        Assert.That(Find()?.Folder, Is.EqualTo(named));
    }

    [Test]
    public void What_is_on_the_path_and_too_old_is_passed_over()
    {
        _variables["PATH"] = Install("on/the/path", "12.22");
        var usual = Install("usr/lib/postgresql/18/bin", "18.1");

        Assert.That(Find()?.Folder, Is.EqualTo(usual));
    }

    [Test]
    public void The_one_version_that_made_a_cluster_is_found_among_others()
    {
        Install("usr/lib/postgresql/18/bin", "18.1");
        var old = Install("usr/lib/postgresql/14/bin", "14.11");

        Assert.That(Find(14)?.Folder, Is.EqualTo(old));
        Assert.That(Find(16), Is.Null);
    }

    [TestCase(null)]
    [TestCase("12.22")]
    [TestCase("what?")]
    public void The_variable_is_named_where_it_leads_nowhere(string? version)
    {
        Install("usr/lib/postgresql/18/bin", "18.1");
        _variables["NEXUS_PG_BIN"] = Path.Combine(_root, "named");
        if (version is not null)
        {
            Install("named", version);
        }

        Assert.That(
            () => Find(),
            Throws.TypeOf<PostgresUnavailableException>().With.Message.StartsWith($"NEXUS_PG_BIN is {_root}/named"));
    }

    private PostgresBinaries? Find(int? majorVersion = null)
        => new BinariesLookup(_variables.GetValueOrDefault, _root).Find(majorVersion);

    private string Install(string folder, string version)
    {
        var path = Path.Combine(_root, folder);
        FakeProgram.Create(Path.Combine(path, "initdb"), "exit 1");
        FakeProgram.Create(Path.Combine(path, "pg_ctl"), "exit 1");
        FakeProgram.Create(Path.Combine(path, "postgres"), $"echo 'postgres (PostgreSQL) {version}'");
        return path;
    }
}
