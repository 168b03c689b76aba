using System.Text.RegularExpressions;
using Nexus.Data.Embedded;

namespace Nexus.Data.Tests.Architecture;

/// <summary>What no tracked file may hold.</summary>
public sealed partial class TextTests
{
    // Written in two pieces, or this file would be one of those it looks for.
    private static readonly string[] _machinePaths =
        ["/" + "work/", "/" + "root/", "/home/" + "user", @"C:\Users" + @"\"];

    [Test]
    public void No_file_names_a_path_of_one_machine()
    {
        var files = Repository.TrackedFiles();
        if (files is null)
        {
            Assert.Ignore("This is no clone, so nobody knows which files are tracked.");
        }

        var offenders =
            from file in files
            let text = Repository.Read(file)
            from path in _machinePaths
            where text.Contains(path, StringComparison.Ordinal)
            select $"{file} -> {path}";

        Assert.That(offenders, Is.Empty);
    }

    [Test]
    public void Every_script_can_be_run()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("Windows knows no such permission.");
            return;
        }

        foreach (var script in Directory.EnumerateFiles(Repository.PathOf(".ci")))
        {
            Assert.That(File.GetUnixFileMode(script).HasFlag(UnixFileMode.UserExecute), script);
        }
    }

    [Test]
    public void Every_supported_version_of_PostgreSQL_can_be_fetched_and_the_tests_run_on_the_oldest_and_the_newest()
    {
        var fetched = Release().Matches(Repository.Read(".ci/postgres")).Select(line => (line.Groups[1].Value, line.Groups[2].Value));
        var (oldest, newest) = (PostgresBinaries.OldestVersion, PostgresBinaries.NewestVersion);

        Assert.That(
            fetched,
            Is.EqualTo(Enumerable.Range(oldest, newest - oldest + 1).Select(version => ($"{version}", $"{version}"))));
        Assert.That(Repository.Read(".ci/run"), Does.Contain($"for version in {oldest} {newest}; do"));
    }

    // What is asked for, and the major version that it gives.
    [GeneratedRegex(@"^ +(\d+)\) release=(\d+)\.", RegexOptions.Multiline)]
    private static partial Regex Release();
}
