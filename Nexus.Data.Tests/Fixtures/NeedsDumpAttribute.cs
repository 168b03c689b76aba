using System.Globalization;
using System.Text.RegularExpressions;
using Nexus.Data.Embedded;
using Npgsql;
using NUnit.Framework.Interfaces;

namespace Nexus.Data.Tests.Fixtures;

/// <summary>Ignores a test, with the reason, where no <c>pg_dump</c> reads the server: it may be missing, and refuses a server that is
/// newer than itself.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed partial class NeedsDumpAttribute : NUnitAttribute, ITestAction
{
    private static readonly Lazy<Task<string?>> _obstacle = new(FindObstacleAsync);

    public ActionTargets Targets => ActionTargets.Test;

    public void BeforeTest(ITest test)
    {
        if (ObstacleAsync().GetAwaiter().GetResult() is { } obstacle)
        {
            Assert.Ignore(obstacle);
        }
    }

    public void AfterTest(ITest test)
    {
    }

    /// <summary>Why no database of the server can be dumped; null where it can.</summary>
    public static Task<string?> ObstacleAsync() => _obstacle.Value;

    private static async Task<string?> FindObstacleAsync()
    {
        var said = "";
        try
        {
            await PostgresProgram.RunAsync(
                "pg_dump", ["--version"], null, CancellationToken.None,
                async output => said = await new StreamReader(output).ReadToEndAsync());
        }
        catch (PostgresUnavailableException exception)
        {
            return exception.Message;
        }

        await using var connection = new NpgsqlConnection(await Server.ConnectionStringAsync());
        await connection.OpenAsync();
        var server = connection.PostgreSqlVersion.Major;
        var program = int.Parse(Major().Match(said).Value, CultureInfo.InvariantCulture);
        return program < server
            ? $"The machine's pg_dump is of version {program}, and reads no server of version {server}."
            : null;
    }

    // Debian's own version follows in brackets.
    [GeneratedRegex(@"(?<=\(PostgreSQL\) )\d+")]
    private static partial Regex Major();
}
