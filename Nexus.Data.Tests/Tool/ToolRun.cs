using System.Text;
using System.Text.Json;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

/// <summary>One run of the tool, without a console.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error)
{
    public string All => Output + Error;

    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public static Task<ToolRun> RunAsync(params string[] arguments) => RunAsync(arguments, input: "");

    public static async Task<ToolRun> RunAsync(
        string[] arguments, string input = "", IReadOnlyDictionary<string, string>? variables = null,
        CancellationToken cancellationToken = default)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var bytes = new MemoryStream();
        var host = new ToolHost
        {
            Output = output,
            Error = error,
            Input = new StringReader(input),
            OpenInput = () => new MemoryStream(Encoding.UTF8.GetBytes(input)),
            OpenOutput = () => bytes,
            Environment = name => variables?.GetValueOrDefault(name),
        };
        var exitCode = await NexusDataCommand.RunAsync(arguments, host, cancellationToken);
        return new(exitCode, output + Encoding.UTF8.GetString(bytes.ToArray()), error.ToString());
    }
}
