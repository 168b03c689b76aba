using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Tests.Persistence;

public sealed class ConnectionStringsTests
{
    private const string Secret = "s3cr3t";

    [TestCase("postgresql://app:s3cr3t@db.example.org/nexus", "postgresql://app@db.example.org:5432/nexus")]
    [TestCase("Host=127.0.0.1;Port=6432;Database=my/db;Username=a@b;Password=s3cr3t", "postgresql://a%40b@127.0.0.1:6432/my%2Fdb")]
    [TestCase("Host=/tmp/a b;Database=nexus;Username=app", "postgresql://app@/nexus?host=%2Ftmp%2Fa%20b&port=5432")]
    [TestCase("Host=fe80::1%eth0;Database=nexus;Username=app", "postgresql://app@[fe80::1%25eth0]:5432/nexus")]
    [TestCase("Host=one:1111,two:2222;Database=nexus;Username=app", "postgresql://app@/nexus?host=one%3A1111%2Ctwo%3A2222&port=5432")]
    public void An_address_names_the_same_database_without_its_password(string text, string address)
    {
        var parsed = new NpgsqlConnectionStringBuilder(ConnectionStrings.Parse(text)) { Password = null };
        var again = new NpgsqlConnectionStringBuilder(ConnectionStrings.Parse(ConnectionStrings.ToUri(text)));

        Assert.That(ConnectionStrings.ToUri(text), Is.EqualTo(address));
        Assert.That(
            (again.Host, again.Port, again.Database, again.Username, again.Password),
            Is.EqualTo((parsed.Host, parsed.Port, parsed.Database, parsed.Username, (string?)null)));
    }

    [TestCase("postgresql://app@db.example.org/nexus", "db.example.org", 5432, "nexus", "app", null)]
    [TestCase("postgres://app:pw@db.example.org:6432/nexus", "db.example.org", 6432, "nexus", "app", "pw")]
    [TestCase("  POSTGRESQL://app:pw@localhost/nexus\n", "localhost", 5432, "nexus", "app", "pw")]
    [TestCase("postgresql://a%40b:p%2Fw%3A%25%20%C3%A4@host/my%2Fdb", "host", 5432, "my/db", "a@b", "p/w:% ä")]
    [TestCase("postgresql://app:p@w:x@localhost/nexus", "localhost", 5432, "nexus", "app", "p@w:x")]
    [TestCase("postgresql://app:p;w='\"@localhost/nexus", "localhost", 5432, "nexus", "app", "p;w='\"")]
    [TestCase("postgresql://app@[::1]/nexus", "::1", 5432, "nexus", "app", null)]
    [TestCase("postgresql://app@[fe80::1%25eth0]:6432/nexus", "fe80::1%eth0", 6432, "nexus", "app", null)]
    [TestCase("postgresql://app:pw@/nexus?host=/var/run/postgresql", "/var/run/postgresql", 5432, "nexus", "app", "pw")]
    [TestCase("postgresql:///nexus?host=%2Ftmp%2Fa%20b&port=5433&user=app", "/tmp/a b", 5433, "nexus", "app", null)]
    [TestCase("postgresql://app@%2Fvar%2Frun/nexus", "/var/run", 5432, "nexus", "app", null)]
    [TestCase("postgresql://localhost?dbname=nexus&user=app&password=p%26w", "localhost", 5432, "nexus", "app", "p&w")]
    [TestCase("postgresql://app@one:1111,two:2222/nexus", "one:1111,two:2222", 5432, "nexus", "app", null)]
    [TestCase("postgresql://localhost", "localhost", 5432, null, null, null)]
    [TestCase("Host=h;Port=6432;Database=nexus;Username=app;Password=pw", "h", 6432, "nexus", "app", "pw")]
    [TestCase("Server=::1;User Id=app;Password='p;w';DB=nexus", "::1", 5432, "nexus", "app", "p;w")]
    public void Both_forms_are_read(
        string text, string host, int port, string? database, string? user, string? password)
    {
        var parsed = new NpgsqlConnectionStringBuilder(ConnectionStrings.Parse(text));

        Assert.Multiple(() =>
        {
            Assert.That(parsed.Host, Is.EqualTo(host));
            Assert.That(parsed.Port, Is.EqualTo(port));
            Assert.That(parsed.Database, Is.EqualTo(database));
            Assert.That(parsed.Username, Is.EqualTo(user));
            Assert.That(parsed.Password, Is.EqualTo(password));
        });
    }

    [TestCase("sslmode=disable", "SSL Mode", SslMode.Disable)]
    [TestCase("sslmode=require", "SSL Mode", SslMode.Require)]
    [TestCase("sslmode=verify-ca", "SSL Mode", SslMode.VerifyCA)]
    [TestCase("sslmode=verify-full", "SSL Mode", SslMode.VerifyFull)]
    [TestCase("sslrootcert=system", "SSL Mode", SslMode.VerifyFull)]
    [TestCase("ssl=true", "SSL Mode", SslMode.Require)]
    [TestCase("sslrootcert=/etc/ca%20.pem", "Root Certificate", "/etc/ca .pem")]
    [TestCase("sslcert=c.pem", "SSL Certificate", "c.pem")]
    [TestCase("sslkey=k.pem", "SSL Key", "k.pem")]
    [TestCase("sslpassword=x", "SSL Password", "x")]
    [TestCase("sslnegotiation=direct", "SSL Negotiation", SslNegotiation.Direct)]
    [TestCase("channel_binding=require", "Channel Binding", ChannelBinding.Require)]
    [TestCase("gssencmode=disable", "GSS Encryption Mode", GssEncryptionMode.Disable)]
    [TestCase("krbsrvname=pg", "Kerberos Service Name", "pg")]
    [TestCase("application_name=nexus", "Application Name", "nexus")]
    [TestCase("fallback_application_name=nexus", "Application Name", "nexus")]
    [TestCase("application_name=a&fallback_application_name=b", "Application Name", "a")]
    [TestCase("client_encoding=UTF8", "Client Encoding", "UTF8")]
    [TestCase("connect_timeout=7", "Timeout", 7)]
    [TestCase("keepalives=1", "TCP Keepalive", true)]
    [TestCase("keepalives_idle=9", "TCP Keepalive Time", 9)]
    [TestCase("keepalives_interval=9", "TCP Keepalive Interval", 9)]
    [TestCase("options=-c%20search_path%3Dnexus", "Options", "-c search_path=nexus")]
    [TestCase("target_session_attrs=read-write", "Target Session Attributes", "read-write")]
    [TestCase("load_balance_hosts=random", "Load Balance Hosts", true)]
    [TestCase("passfile=/x/.pgpass", "Passfile", "/x/.pgpass")]
    public void A_parameter_of_the_uri_becomes_the_keyword(string query, string keyword, object expected)
    {
        var parsed = new NpgsqlConnectionStringBuilder(ConnectionStrings.Parse($"postgresql://u@h/d?{query}"));

        Assert.That(parsed[keyword], Is.EqualTo(expected));
    }

    [TestCase("postgresql://u@h/d?schema=x", "'schema'")]
    [TestCase("postgresql://u@h/d?sslmode=perhaps", "'sslmode'")]
    [TestCase("postgresql://u@h/d?connect_timeout=soon", "'connect_timeout'")]
    [TestCase("postgresql://u@h/d?sslmode", "name=value")]
    [TestCase("postgresql://u@h:99999/d", "port")]
    [TestCase("postgresql://u@h:/d?port=x", "'port'")]
    [TestCase("postgresql://u@::1/d", "brackets")]
    [TestCase("postgresql://u:50%@h/d", "password")]
    [TestCase("postgresql:///d", "no host")]
    [TestCase("Database=d", "no host")]
    [TestCase("Host=h;Passwort=x", "not known")]
    [TestCase("Host=h;Potr=5", "'potr'")]
    [TestCase("Host=h;Port=five", "'port'")]
    [TestCase("host=h port=5432 dbname=d", "semicolons")]
    [TestCase("localhost/d", "neither")]
    [TestCase("jdbc:postgresql://h/d", "neither")]
    [TestCase("", "no host")]
    public void An_error_is_one_sentence_and_names_the_part(string text, string part)
    {
        var error = Assert.Throws<NexusDataException>(() => ConnectionStrings.Parse(text));

        Assert.That(error.Message, Does.Contain(part).And.EndWith("."));
        Assert.That(error.Message, Does.Not.Contain("\n").And.Not.Contains(". "));
    }

    // Each holds the secret, or a piece of it, where a careless reader would repeat it.
    private static readonly string[] _oddForms =
    [
        $"postgresql://u:{Secret}@h/d",
        $"postgresql://u:{Secret}@h:{Secret}/d",
        $"postgresql://u:x/{Secret}@h/d",
        $"postgresql://u:x?{Secret}=1@h/d",
        $"postgresql://u:x?{Secret}@h/d",
        $"postgresql://u:x#{Secret}@h/d",
        $"postgresql://u:x%{Secret}@h/d",
        $"postgresql://u:{Secret}",
        $"postgresql://u:{Secret}/d",
        $"postgresql://u:{Secret}?x=y",
        $"postgresql://u:[{Secret}]@h/d",
        $"postgresql://u:x@y:{Secret}@h/d",
        $"postgresql://u:x @h {Secret}/d",
        $"postgresql://u@h/d?password={Secret}",
        $"postgresql://u@h/d?password=x&{Secret}",
        $"postgresql://u@h/d?sslpassword={Secret}&sslmode=x",
        $"postgresql://u@h/d?passwort={Secret}",
        $"postgresql://u@h/d?password={Secret}&connect_timeout=x",
        $"postgresql://u@h/d?connect_timeout={Secret}",
        $"postgresql://u@h/d?options={Secret}",
        $"postgresql://u@h/d%3Fpassword%3D{Secret}",
        $"postgresql://u%3A{Secret}@h/d",
        $"postgresql://u@h%3A{Secret}%40x/d",
        $"postgres:u:{Secret}@h/d",
        $"postgresql//u:{Secret}@h/d",
        $"'postgresql://u:{Secret}@h/d'",
        $"jdbc:postgresql://h/d?user=u&password={Secret}",
        $"{Secret}",
        $"Host=h;Username=u;Password={Secret}",
        $"Host=h;Username=u;PWD={Secret}",
        $"Host=h;Password=x;{Secret}=y",
        $"Host=h;Password=x;{Secret}",
        $"Host=h;Password='{Secret}",
        $"Host=h;Passwort={Secret}",
        $"Host=h;Pass={Secret};Port=5",
        $"Host=h;Port={Secret}",
        $"Host=h password={Secret}",
        $"host=h user=u password={Secret} dbname=d",
        $"Host=u:{Secret}@h",
        $"Host=postgresql://u:{Secret}@h/d",
        $"Host=h;Database=postgresql://u:{Secret}@h/d",
        $"Host=h;Database=d?password={Secret}",
        $"Host=h;Username=u:{Secret}",
        $"Host=h;SSL Password={Secret};Username=u",
        $"Host=h;Options=-c x={Secret}",
        $"Database=d;Password={Secret}",
    ];

    [TestCaseSource(nameof(_oddForms))]
    public void No_password_is_ever_told(string text)
    {
        var told = ConnectionStrings.Redact(text);
        try
        {
            told += ConnectionSettings.Find(text, ConnectionScope.Own, _ => null);
        }
        catch (NexusDataException exception)
        {
            told += exception;
        }

        Assert.That(told, Does.Not.Contain(Secret).IgnoreCase);
    }

    [TestCase("postgresql://app:pw@db.example.org/nexus", "db.example.org:5432/nexus (user app)")]
    [TestCase("postgresql://app:pw@[::1]:6432/nexus", "[::1]:6432/nexus (user app)")]
    [TestCase("Host=/var/run/postgresql;Username=app", "/var/run/postgresql:5432/app (user app)")]
    [TestCase("postgresql://app@one:1,two:2/nexus", "one:1,two:2/nexus (user app)")]
    [TestCase("Host=h;Database=nexus", "h:5432/nexus")]
    [TestCase("what?", "(a connection string that cannot be read)")]
    [TestCase(null, "(a connection string that cannot be read)")]
    public void Host_port_database_and_user_are_told(string? text, string expected)
        => Assert.That(ConnectionStrings.Redact(text), Is.EqualTo(expected));
}
