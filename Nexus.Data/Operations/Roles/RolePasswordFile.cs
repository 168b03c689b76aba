using System.Text;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Operations.Roles;

/// <summary>
/// Where passwords of roles are told and kept: in variables, and in files of lines such as <c>APP_DB_PASSWORD=…</c>, of
/// which those that are made here can be read by their owner alone.
/// </summary>
public static class RolePasswordFile
{
    private static readonly Dictionary<NexusRole, string> _variables = new()
    {
        [NexusRole.Migration] = "MIGRATION_DB_PASSWORD",
        [NexusRole.App] = "APP_DB_PASSWORD",
        [NexusRole.Read] = "READ_DB_PASSWORD",
        [NexusRole.Backup] = "BACKUP_DB_PASSWORD",
    };

    /// <summary>The variable, or the name in a file, that holds a role's password.</summary>
    /// <param name="role">The role.</param>
    public static string VariableOf(NexusRole role) => _variables[role];

    /// <summary>The passwords that are told by variables. That of the application's role may also stand in
    /// <c>APP_DATABASE_URL</c>, where this names the role.</summary>
    /// <param name="environment">Answers for a variable.</param>
    /// <param name="applicationRole">The name of the application's role.</param>
    /// <exception cref="NexusDataException">The address cannot be read.</exception>
    public static IReadOnlyDictionary<NexusRole, string> Find(
        Func<string, string?> environment, string applicationRole)
    {
        ArgumentNullException.ThrowIfNull(environment);

        var found = new Dictionary<NexusRole, string>();
        if (ConnectionSettings.FindForApplication(environment) is { } application
            && new NpgsqlConnectionStringBuilder(application.ConnectionString) is { Password.Length: > 0 } builder
            && builder.Username == applicationRole)
        {
            found[NexusRole.App] = builder.Password;
        }

        foreach (var (role, variable) in _variables)
        {
            if (environment(variable) is { Length: > 0 } password)
            {
                found[role] = password;
            }
        }

        return found;
    }

    /// <summary>The passwords that a text holds, each in a line of its own. Other names and lines that begin with
    /// <c>#</c> are passed over.</summary>
    /// <param name="text">The text.</param>
    public static IReadOnlyDictionary<NexusRole, string> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);

        var lines = text.ReplaceLineEndings("\n").Split('\n');
        return _variables
            .Select(known => (known.Key, Line: Array.FindLast(
                lines, line => line.StartsWith(known.Value + "=", StringComparison.Ordinal))))
            .Where(found => found.Line is not null && found.Line.Length > _variables[found.Key].Length + 1)
            .ToDictionary(found => found.Key, found => found.Line![(_variables[found.Key].Length + 1)..]);
    }

    /// <summary>Adds passwords to a file, which is made where it is missing. Written beside it first and put in its place
    /// at once; afterwards it can be read by its owner alone, whatever it was before.</summary>
    /// <param name="path">The file.</param>
    /// <param name="passwords">What to add.</param>
    /// <param name="cancellationToken">Stops it before the file is touched.</param>
    public static async Task AddAsync(
        string path, IReadOnlyDictionary<NexusRole, string> passwords, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(passwords);

        var text = new StringBuilder(File.Exists(path) ? await File.ReadAllTextAsync(path, cancellationToken) : "");
        if (text.Length > 0 && text[^1] != '\n')
        {
            text.Append('\n');
        }

        foreach (var (role, password) in passwords.OrderBy(entry => entry.Key))
        {
            text.Append(VariableOf(role)).Append('=').Append(password).Append('\n');
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var beside = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            await using (var file = new FileStream(beside, options))
            {
                await file.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellationToken);
                file.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }
}
