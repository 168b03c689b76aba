using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;

namespace Nexus.Data.Tests.Credentials;

/// <summary>A process that needs a token when it is told so. Started through this assembly's Main.</summary>
internal static class TokenProcess
{
    public const string Name = "token";

    private const string DatabaseVariable = "NEXUS_DATABASE_URL";
    private const string EndpointVariable = "NEXUS_TEST_ENDPOINT";
    private const string KeyVariable = "NEXUS_TEST_KEY";
    private const string LimitVariable = "NEXUS_TEST_LIMIT";

    /// <summary>Starts it and waits until it is ready to be told.</summary>
    public static async Task<Process> StartAsync(
        string connectionString, Uri endpoint, string key, string account, int exchangeSeconds = 30)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!, ["exec", typeof(TokenProcess).Assembly.Location, Name, account])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment[DatabaseVariable] = connectionString;
        start.Environment[EndpointVariable] = endpoint.ToString();
        start.Environment[KeyVariable] = key;
        start.Environment[LimitVariable] = $"{exchangeSeconds}";
        var process = Process.Start(start)!;
        Assert.That(await process.StandardOutput.ReadLineAsync(), Is.EqualTo("ready"));
        return process;
    }

    public static async Task<int> RunAsync(string account)
    {
        var key = Environment.GetEnvironmentVariable(KeyVariable)!;
        await using var services = new ServiceCollection()
            .AddNexusData(Environment.GetEnvironmentVariable(DatabaseVariable)!)
            .Configure<CredentialProtectionOptions>(options => options.Keys[key[..3]] = key[4..])
            .Configure<OAuthTokenClientOptions>(
                options => options.Endpoint = new(Environment.GetEnvironmentVariable(EndpointVariable)!))
            .Configure<AccessTokenOptions>(options => options.ExchangeLimit =
                TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable(LimitVariable)!, null)))
            .BuildServiceProvider();

        // The connection is there before, so that all ask at the same moment.
        await services.GetRequiredService<CredentialStore>().FindAsync(account);
        Console.WriteLine("ready");
        Console.ReadLine();
        try
        {
            Console.WriteLine(await services.GetRequiredService<AccessTokens>().GetAsync(account));
            return 0;
        }
        catch (NexusDataException exception)
        {
            Console.WriteLine(exception.Message);
            return 1;
        }
    }
}
