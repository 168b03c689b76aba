namespace Nexus.Data.Tests.Architecture;

/// <summary>What no tracked file may hold.</summary>
public sealed class TextTests
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

        Assert.That(File.GetUnixFileMode(Repository.PathOf(".ci/run")).HasFlag(UnixFileMode.UserExecute));
    }
}
