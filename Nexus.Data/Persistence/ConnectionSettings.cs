namespace Nexus.Data.Persistence;

/// <summary>Which settings may say what database to use.</summary>
public enum ConnectionScope
{
    /// <summary>What was said on the command line alone: for what must never meet a database by accident.</summary>
    Explicit,

    /// <summary>The command line, then <c>NEXUS_DATABASE_URL</c>.</summary>
    Own,

    /// <summary>Those two, then <c>DATABASE_URL</c>, which other programs have set for themselves.</summary>
    Shared,

    /// <summary>The command line, then <c>ADMIN_DATABASE_URL</c>, then the two variables.</summary>
    Administrator,
}

/// <summary>A database that somebody has named, and where he did.</summary>
/// <param name="ConnectionString">In Npgsql's form; it may hold a password.</param>
/// <param name="Source"><c>--connection</c>, or the variable's name.</param>
public sealed record ConfiguredConnection(string ConnectionString, string Source)
{
    /// <summary>True where another program's setting was taken, so host and database are to be shown first.</summary>
    public bool IsShared => Source is ConnectionSettings.SharedVariable or ConnectionSettings.AdministratorVariable;

    /// <summary>Where from, host, port, database and user; never the password.</summary>
    public override string ToString() => $"{Source}: {ConnectionStrings.Redact(ConnectionString)}";
}

/// <summary>Where tool, tests and design time learn what database to use; null means an embedded one.</summary>
public static class ConnectionSettings
{
    /// <summary>The option of the command line.</summary>
    public const string Option = "--connection";

    /// <summary>The variable that is ours.</summary>
    public const string OwnVariable = "NEXUS_DATABASE_URL";

    /// <summary>The variable that other programs have set, and that counts only where it can do no harm.</summary>
    public const string SharedVariable = "DATABASE_URL";

    /// <summary>The variable that names the database as an administrator connects to it.</summary>
    public const string AdministratorVariable = "ADMIN_DATABASE_URL";

    /// <summary>The variable that names the database as the application connects to it.</summary>
    public const string ApplicationVariable = "APP_DATABASE_URL";

    /// <summary>The variable that names the server for tests.</summary>
    public const string TestVariable = "NEXUS_TEST_DATABASE_URL";

    /// <summary>The database to use; null where nobody has named one.</summary>
    /// <param name="option">What <c>--connection</c> was given; null without it.</param>
    /// <param name="scope">Which settings count.</param>
    /// <param name="environment">Answers for a variable, so that tests can answer.</param>
    /// <exception cref="NexusDataException">The setting that counts cannot be read.</exception>
    public static ConfiguredConnection? Find(string? option, ConnectionScope scope, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);

        // An empty option is a script's unset variable, and must not lead to some other database.
        return option is not null ? Read(option, Option)
            : scope == ConnectionScope.Explicit ? null
            : (scope == ConnectionScope.Administrator ? FromVariable(AdministratorVariable, environment) : null)
              ?? FromVariable(OwnVariable, environment)
              ?? (scope == ConnectionScope.Own ? null : FromVariable(SharedVariable, environment));
    }

    /// <summary>The database as the application connects to it; null where nobody has named one.</summary>
    /// <exception cref="NexusDataException">The variable cannot be read.</exception>
    public static ConfiguredConnection? FindForApplication(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);

        return FromVariable(ApplicationVariable, environment);
    }

    /// <summary>The server for tests; null where nobody has named one.</summary>
    /// <exception cref="NexusDataException">The variable cannot be read.</exception>
    public static ConfiguredConnection? FindForTests(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);

        return FromVariable(TestVariable, environment);
    }

    private static ConfiguredConnection? FromVariable(string name, Func<string, string?> environment)
        => environment(name) is { } text && !string.IsNullOrWhiteSpace(text) ? Read(text, name) : null;

    private static ConfiguredConnection Read(string text, string source)
    {
        try
        {
            return new(ConnectionStrings.Parse(text), source);
        }
        catch (NexusDataException exception)
        {
            throw ConnectionStrings.Unreadable($"{source}: {exception.Message}");
        }
    }
}
