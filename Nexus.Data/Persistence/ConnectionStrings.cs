using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Nexus.Data.Persistence;

/// <summary>
/// Reads the two forms that people write, <c>postgresql://user:password@host:port/database?sslmode=require</c> and
/// Npgsql's <c>Host=…;Database=…</c>, and tells them without their secrets.
/// </summary>
public static partial class ConnectionStrings
{
    /// <summary>The connection string in Npgsql's form.</summary>
    /// <exception cref="NexusDataException">It cannot be read, or names no host.</exception>
    public static string Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);

        var trimmed = text.Trim();
        var builder = UriScheme().IsMatch(trimmed) ? ConnectionUri.Parse(trimmed) : ParseKeywords(trimmed);
        Check(builder);
        return builder.ConnectionString;
    }

    /// <summary>
    /// Host, port, database and user, for people to read: <c>db.example.org:5432/nexus (user app)</c>. Never a
    /// password, and never an exception: what cannot be told safely is left out.
    /// </summary>
    public static string Redact(string? text)
    {
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(Parse(text ?? ""));
            var host = builder.Host!.Contains(':', StringComparison.Ordinal) && IPv6().IsMatch(builder.Host)
                ? $"[{builder.Host}]"
                : builder.Host;
            var user = builder.Username is null ? "" : $" (user {Shown(builder.Username)})";
            var port = builder.Host.Contains(',', StringComparison.Ordinal)
                ? ""
                : string.Create(CultureInfo.InvariantCulture, $":{builder.Port}");
            return $"{host}{port}/{Shown(builder.Database ?? builder.Username ?? "")}{user}";
        }
        catch (NexusDataException)
        {
            return "(a connection string that cannot be read)";
        }
    }

    /// <summary>The address of a database, for people and other programs: <c>postgresql://app@db.example.org:5432/nexus</c>, or
    /// with a Unix socket's folder as <c>?host=</c>. User, host, port and database; never a password, and no other setting.</summary>
    /// <param name="connectionString">The connection string, in either form.</param>
    /// <exception cref="NexusDataException">It cannot be read, or names no host.</exception>
    public static string ToUri(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(Parse(connectionString));
        var user = builder.Username is { Length: > 0 } name ? Uri.EscapeDataString(name) + "@" : "";
        var database = Uri.EscapeDataString(builder.Database ?? "");
        var host = builder.Host!;
        var port = builder.Port.ToString(CultureInfo.InvariantCulture);
        return Uri.CheckHostName(host) switch
        {
            UriHostNameType.Dns or UriHostNameType.IPv4 => $"postgresql://{user}{host}:{port}/{database}",
            UriHostNameType.IPv6 =>
                $"postgresql://{user}[{host.Replace("%", "%25", StringComparison.Ordinal)}]:{port}/{database}",
            _ => $"postgresql://{user}/{database}?host={Uri.EscapeDataString(host)}&port={port}",
        };
    }

    /// <summary>The connection string with the user and the database that it means where it names none: PGUSER, else who runs this
    /// process; and of a database the user's name. So everybody who is given it goes to the same.</summary>
    /// <param name="connectionString">The connection string, as Npgsql understands it.</param>
    public static string Complete(string connectionString)
        => Complete(new NpgsqlConnectionStringBuilder(connectionString), Environment.GetEnvironmentVariable).ConnectionString;

    // The user and the database that Npgsql connects with, where they are not named: libpq and people would take others.
    internal static NpgsqlConnectionStringBuilder Complete(
        NpgsqlConnectionStringBuilder connection, Func<string, string?> environment)
    {
        var complete = new NpgsqlConnectionStringBuilder(connection.ConnectionString);
        if (string.IsNullOrEmpty(complete.Username))
        {
            complete.Username = environment("PGUSER") is { Length: > 0 } user ? user : Environment.UserName;
        }

        if (string.IsNullOrEmpty(complete.Database))
        {
            complete.Database = complete.Username;
        }

        return complete;
    }

    // The message names the part that is wrong, and quotes nothing that could be a password or a piece of one.
    internal static NexusDataException Unreadable(string message) => new(NexusDataErrorKind.Validation, message);

    internal static void Set(NpgsqlConnectionStringBuilder builder, string keyword, object value, string part)
    {
        try
        {
            builder[keyword] = value;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException
            or InvalidCastException or NotSupportedException)
        {
            // Without the inner exception, which may quote the value.
            throw Unreadable(
                $"The connection string's {part} has a value that is not understood.");
        }
    }

    private static NpgsqlConnectionStringBuilder ParseKeywords(string text)
    {
        var words = new DbConnectionStringBuilder();
        try
        {
            words.ConnectionString = text;
        }
        catch (ArgumentException)
        {
            throw Unreadable(
                "The connection string is neither a URI (postgresql://user:password@host:port/database) nor keywords "
                + "(Host=...;Database=...;Username=...;Password=...).");
        }

        var builder = new NpgsqlConnectionStringBuilder();
        foreach (string word in words.Keys)
        {
            if (!IsKeyword(word))
            {
                throw Unreadable(Unknown(word, words));
            }

            Set(builder, word, words[word], $"'{word}'");
        }

        return builder;
    }

    private static bool IsKeyword(string word)
    {
        try
        {
            _ = new NpgsqlConnectionStringBuilder()[word];
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    // Where a password holds a semicolon, what follows looks like a keyword and is a piece of the password.
    private static string Unknown(string word, DbConnectionStringBuilder words)
        => words.Keys.Cast<string>().Any(key => Secret().IsMatch(key)) || !Identifier().IsMatch(word)
            ? "The connection string has a keyword that is not known; a value that holds a semicolon goes in quotes."
            : $"The connection string has a keyword that is not known: '{word}'.";

    private static void Check(NpgsqlConnectionStringBuilder builder)
    {
        if (string.IsNullOrWhiteSpace(builder.Host))
        {
            throw Unreadable(
                "The connection string names no host; for a local socket it is the socket's folder "
                + "(host=/var/run/postgresql).");
        }

        // Such as "Host=localhost password=secret", or a whole URI behind "Host=".
        if (!Host().IsMatch(builder.Host))
        {
            throw Unreadable(
                "The connection string's host has a character that no host has; keywords are separated by semicolons.");
        }
    }

    private static string Shown(string name) => Plain().IsMatch(name) ? name : "***";

    [GeneratedRegex("^(postgres|postgresql)://", RegexOptions.IgnoreCase)]
    private static partial Regex UriScheme();

    [GeneratedRegex(@"^(/[^=;@?]*|@[\w.\-/]+|[A-Za-z]:[\\/][^=;@?]*|[\w.\-:%\[\],]+)$")]
    private static partial Regex Host();

    [GeneratedRegex(@"^[0-9A-Fa-f:.%\w]*::?[0-9A-Fa-f:.%\w]*$")]
    private static partial Regex IPv6();

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_ ]{0,40}$")]
    internal static partial Regex Identifier();

    [GeneratedRegex("pass|pwd|psw", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex(@"^[\w.\-$+ ]{1,63}$")]
    private static partial Regex Plain();
}
