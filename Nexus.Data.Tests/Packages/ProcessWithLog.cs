using System.Diagnostics;
using System.Text;

namespace Nexus.Data.Tests.Packages;

/// <summary>A program that runs until it is disposed of.</summary>
internal sealed class ProcessWithLog : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private ProcessWithLog(Process process) => _process = process;

    /// <summary>What follows on the line that was waited for.</summary>
    public string RestOfLine { get; private set; } = "";

    /// <summary>Starts a consumer of the packages, and waits for a line of its log.</summary>
    public static async Task<ProcessWithLog> StartAsync(string project, string line, Dictionary<string, string> variables)
    {
        var assembly = await Consumers.AssemblyAsync(project);
        var started = new ProcessWithLog(DotnetRun.Start(Path.GetDirectoryName(assembly)!, ["exec", assembly], variables));
        try
        {
            started.RestOfLine = await started.ReadAsync(line).WaitAsync(_patience);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<string> ReadAsync(string line)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, read) => Take(read.Data);
        _process.ErrorDataReceived += (_, read) => Take(read.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var end = await Task.WhenAny(found.Task, _process.WaitForExitAsync());
        if (end == found.Task)
        {
            return await found.Task;
        }

        lock (_log)
        {
            throw new InvalidOperationException($"It ended with {_process.ExitCode}:\n{_log}");
        }

        void Take(string? text)
        {
            lock (_log)
            {
                _log.AppendLine(text);
            }

            if (text?.IndexOf(line, StringComparison.Ordinal) is >= 0 and var at)
            {
                found.TrySetResult(text[(at + line.Length)..].Trim());
            }
        }
    }
}
