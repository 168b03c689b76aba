using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Nexus.Data.Embedded;

/// <summary>Looks for PostgreSQL's programs: where the variable says, on PATH, in the usual folders.</summary>
/// <param name="environment">Answers for a variable.</param>
/// <param name="root">What the usual folders begin with: nothing, but in tests.</param>
internal sealed partial class BinariesLookup(Func<string, string?> environment, string root = "")
{
    // Each with the part that bears the version as a pattern; within one line, the newest is taken first.
    private static readonly string[] _usual =
    [
        "/usr/lib/postgresql/*/bin", // Debian, Ubuntu
        "/usr/pgsql-*/bin", // the project's own RPMs
        "/usr/lib/postgresql*/bin", // openSUSE
        "/usr/libexec/postgresql*", // Alpine
        "/usr/lib64/postgresql-*/bin", // Gentoo
        "/usr/bin", // Fedora, Arch
        "/usr/local/pgsql/bin",
        "/opt/homebrew/opt/postgresql@*/bin",
        "/usr/local/opt/postgresql@*/bin",
        "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
        "/opt/local/lib/postgresql*/bin", // MacPorts
        "/Applications/Postgres.app/Contents/Versions/*/bin",
        "/Library/PostgreSQL/*/bin",
    ];

    private static readonly string[] _usualOnWindows = [@"C:\Program Files\PostgreSQL\*\bin"];

    private static readonly string[] _programs = ["initdb", "pg_ctl", "postgres"];

    public PostgresBinaries? Find(int? majorVersion)
    {
        if (environment(PostgresBinaries.FolderVariable) is { Length: > 0 } named)
        {
            return Named(named);
        }

        return Candidates().Select(Identify).FirstOrDefault(found => found is not null
            && (majorVersion is null
                ? found.MajorVersion is >= PostgresBinaries.OldestVersion and <= PostgresBinaries.NewestVersion
                : found.MajorVersion == majorVersion));
    }

    private static PostgresBinaries Named(string folder)
    {
        const string variable = PostgresBinaries.FolderVariable;
        var found = Identify(folder) ?? throw new PostgresUnavailableException(
            $"{variable} is {folder}, and no initdb, pg_ctl and postgres that can be run are there.");
        if (found.MajorVersion is < PostgresBinaries.OldestVersion or > PostgresBinaries.NewestVersion)
        {
            throw new PostgresUnavailableException(
                $"{variable} is {folder}, and that is PostgreSQL {found.MajorVersion}; supported are "
                + $"{PostgresBinaries.OldestVersion} to {PostgresBinaries.NewestVersion}.");
        }

        return found;
    }

    private IEnumerable<string> Candidates()
    {
        var path = (environment("PATH") ?? "").Split(
            Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var usual = OperatingSystem.IsWindows() ? _usualOnWindows : _usual.Select(pattern => root + pattern);
        return path.Where(Path.IsPathRooted).Concat(usual.SelectMany(Expand)).Where(HoldsPrograms).Distinct();
    }

    private static IEnumerable<string> Expand(string pattern)
    {
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            return [pattern];
        }

        var parent = Path.GetDirectoryName(pattern[..(star + 1)])!;
        var below = pattern[(star + 1)..].TrimStart('/', '\\');
        return Directory.Exists(parent)
            ? Directory.EnumerateDirectories(parent, Path.GetFileName(pattern[..(star + 1)]))
                .OrderByDescending(VersionInName)
                .Select(folder => Path.Combine(folder, below))
            : [];
    }

    // As a number: in the order of letters, 9.6 would come before 18.
    private static Version VersionInName(string folder)
    {
        var digits = Digits().Match(Path.GetFileName(folder)).Value;
        return Version.TryParse(digits, out var version) || Version.TryParse(digits + ".0", out version)
            ? version
            : new();
    }

    private static bool HoldsPrograms(string folder)
        => _programs.All(program => File.Exists(Path.Combine(folder, program + Suffix)));

    /// <summary>What the names of programs end with.</summary>
    internal static string Suffix => OperatingSystem.IsWindows() ? ".exe" : "";

    // Asked, not read off the folder's name: a name such as /usr/bin has none.
    private static PostgresBinaries? Identify(string folder)
    {
        if (!HoldsPrograms(folder))
        {
            return null;
        }

        try
        {
            var start = new ProcessStartInfo(Path.Combine(folder, "postgres" + Suffix), ["--version"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var process = Process.Start(start)!;
            var said = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            var major = Digits().Match(said[(said.IndexOf(')', StringComparison.Ordinal) + 1)..]).Value.Split('.')[0];
            return int.TryParse(major, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
                ? new(folder, version)
                : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    [GeneratedRegex(@"[0-9]+(\.[0-9]+)*")]
    private static partial Regex Digits();
}
