using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Nexus.Data.Persistence;

/// <summary>
/// The URI form of a connection string, as libpq reads it, plus <c>ssl=true</c>, which Node's driver has. A password
/// may hold an unescaped <c>@</c> or <c>:</c>; with any other unescaped delimiter the URI is refused, for then a piece
/// of the password stands where something else is expected.
/// </summary>
internal static partial class ConnectionUri
{
    private static readonly Dictionary<string, string> _keywords = new(StringComparer.Ordinal)
    {
        ["host"] = "Host",
        ["hostaddr"] = "Host",
        ["port"] = "Port",
        ["dbname"] = "Database",
        ["user"] = "Username",
        ["password"] = "Password",
        ["passfile"] = "Passfile",
        ["application_name"] = "Application Name",
        ["fallback_application_name"] = "Application Name",
        ["client_encoding"] = "Client Encoding",
        ["options"] = "Options",
        ["connect_timeout"] = "Timeout",
        ["keepalives"] = "TCP Keepalive",
        ["keepalives_idle"] = "TCP Keepalive Time",
        ["keepalives_interval"] = "TCP Keepalive Interval",
        ["target_session_attrs"] = "Target Session Attributes",
        ["load_balance_hosts"] = "Load Balance Hosts",
        ["sslmode"] = "SSL Mode",
        ["ssl"] = "SSL Mode",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
        ["sslrootcert"] = "Root Certificate",
        ["sslnegotiation"] = "SSL Negotiation",
        ["channel_binding"] = "Channel Binding",
        ["gssencmode"] = "GSS Encryption Mode",
        ["krbsrvname"] = "Kerberos Service Name",
    };

    public static NpgsqlConnectionStringBuilder Parse(string uri)
    {
        var rest = uri[(uri.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var end = rest.IndexOfAny(['/', '?', '#']);
        var authority = end < 0 ? rest : rest[..end];
        var tail = end < 0 ? "" : rest[end..];
        if (tail.Contains('@', StringComparison.Ordinal) || tail.Contains('#', StringComparison.Ordinal))
        {
            throw ConnectionStrings.Unreadable(
                "The connection URI has an '@' or a '#' where none is expected: in a password, a name or a value they "
                + "are written %40 and %23, '/' is %2F and '?' is %3F.");
        }

        var builder = new NpgsqlConnectionStringBuilder();
        var at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            SetUser(builder, authority[..at]);
        }

        SetHosts(builder, authority[(at + 1)..]);

        var question = tail.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? tail : tail[..question];
        if (path.Length > 1)
        {
            ConnectionStrings.Set(builder, "Database", Decode(path[1..], "database"), "database");
        }

        var query = question < 0 ? "" : tail[(question + 1)..];
        foreach (var parameter in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            SetParameter(builder, parameter);
        }

        return builder;
    }

    private static void SetUser(NpgsqlConnectionStringBuilder builder, string userInfo)
    {
        var colon = userInfo.IndexOf(':', StringComparison.Ordinal);
        var user = colon < 0 ? userInfo : userInfo[..colon];
        if (user.Length > 0)
        {
            ConnectionStrings.Set(builder, "Username", Decode(user, "user"), "user");
        }

        if (colon >= 0 && colon < userInfo.Length - 1)
        {
            ConnectionStrings.Set(builder, "Password", Decode(userInfo[(colon + 1)..], "password"), "password");
        }
    }

    private static void SetHosts(NpgsqlConnectionStringBuilder builder, string hosts)
    {
        if (hosts.Length == 0)
        {
            return;
        }

        var parsed = hosts.Split(',').Select(ParseHost).ToList();
        if (parsed is [var (host, port)])
        {
            if (host.Length > 0)
            {
                ConnectionStrings.Set(builder, "Host", host, "host");
            }

            if (port is not null)
            {
                builder.Port = port.Value;
            }

            return;
        }

        var all = parsed.Select(one => one.Port is null ? one.Host : string.Create(
            CultureInfo.InvariantCulture, $"{(IsIPv6(one.Host) ? $"[{one.Host}]" : one.Host)}:{one.Port}"));
        ConnectionStrings.Set(builder, "Host", string.Join(',', all), "host");
    }

    private static (string Host, int? Port) ParseHost(string text)
    {
        var match = HostAndPort().Match(text);
        if (!match.Success)
        {
            throw ConnectionStrings.Unreadable(
                "The connection URI's host and port are not understood; an IPv6 address goes in brackets, and a "
                + "password's ':', '/', '?', '#' and '@' are percent-encoded.");
        }

        var host = Decode(match.Groups["host"].Value.Trim('[', ']'), "host");
        if (match.Groups["port"].Value is not { Length: > 0 } digits)
        {
            return (host, null);
        }

        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= 65535
                ? (host, port)
                : throw ConnectionStrings.Unreadable(
                    "The connection URI's port is no number from 1 to 65535.");
    }

    private static void SetParameter(NpgsqlConnectionStringBuilder builder, string parameter)
    {
        var equals = parameter.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? "" : Decode(parameter[..equals], "parameter");
        if (!_keywords.TryGetValue(name, out var keyword))
        {
            throw ConnectionStrings.Unreadable(ConnectionStrings.Identifier().IsMatch(name)
                ? $"The connection URI has a parameter that is not known: '{name}'."
                : "The connection URI has a parameter that is not of the form name=value.");
        }

        var value = Decode(parameter[(equals + 1)..], $"'{name}'");
        switch (name)
        {
            case "sslrootcert" when value == "system":
                // The machine's own certificates, which are the default where no file is named.
                builder.SslMode = SslMode.VerifyFull;
                break;
            case "fallback_application_name" when builder.ApplicationName is not null:
                break;
            default:
                ConnectionStrings.Set(builder, keyword, Translate(name, value), $"parameter '{name}'");
                break;
        }
    }

    private static object Translate(string name, string value) => name switch
    {
        "sslmode" or "gssencmode" => value.Replace("-", "", StringComparison.Ordinal),
        "ssl" => value is "true" or "1" ? SslMode.Require : value is "false" or "0" ? SslMode.Disable : value,
        "keepalives" => value == "1" ? true : value == "0" ? false : value,
        "load_balance_hosts" => value == "random" ? true : value == "disable" ? false : value,
        _ => value,
    };

    private static string Decode(string text, string part)
    {
        if (Undecodable().IsMatch(text))
        {
            throw ConnectionStrings.Unreadable(
                $"The connection URI's {part} has a '%' that no two hexadecimal digits follow (write it %25), or %00.");
        }

        return Uri.UnescapeDataString(text);
    }

    private static bool IsIPv6(string host) => host.Contains(':', StringComparison.Ordinal);

    [GeneratedRegex(@"^(?<host>\[[0-9A-Fa-f:.%\w]*\]|[^:\[\]]*)(:(?<port>[0-9]*))?$")]
    private static partial Regex HostAndPort();

    [GeneratedRegex("%(?![0-9A-Fa-f]{2})|%00")]
    private static partial Regex Undecodable();
}
