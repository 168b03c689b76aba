using Nexus.Data.Embedded;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

/// <summary>A folder for an embedded server of the tool's, which is stopped and removed at the end.</summary>
internal sealed class ToolFolder : IAsyncDisposable
{
    public ToolFolder() => Variables[ToolHost.FolderVariable] = Path;

    // Short, for a socket is in it.
    public string Path { get; } = System.IO.Path.Combine("/tmp", $"nexus-tool-{Guid.NewGuid():N}"[..20]);

    public Dictionary<string, string> Variables { get; } = [];

    public Task<ToolRun> RunAsync(params string[] arguments) => RunAsync(arguments, input: "");

    public Task<ToolRun> RunAsync(string[] arguments, string input, CancellationToken cancellationToken = default)
        => ToolRun.RunAsync(arguments, input, Variables, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await EmbeddedPostgres.StopAsync(Path);
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
