using System.Text;

namespace Nexus.Data.Tool;

/// <summary>Prints a server's log, of which a terminal obeys nothing.</summary>
/// <param name="path">The file.</param>
/// <param name="host">Where it is printed.</param>
internal sealed class ServerLog(string path, ToolHost host)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(200);

    /// <summary>The last lines, as JSON.</summary>
    public async Task<int> WriteJsonAsync(int lines, CancellationToken cancellationToken)
    {
        await using var stream = Open();
        await JsonOutput.WriteAsync(host, new { File = path, Lines = await LastAsync(stream, lines, cancellationToken) });
        return ExitCode.Done;
    }

    /// <summary>The last lines, and what is written after them.</summary>
    /// <param name="lines">How many.</param>
    /// <param name="follows">Whether to go on until that is stopped.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<int> WriteAsync(int lines, bool follows, CancellationToken cancellationToken)
    {
        long position;
        await using (var stream = Open())
        {
            foreach (var line in await LastAsync(stream, lines, cancellationToken))
            {
                await host.Output.WriteLineAsync(TerminalText.Line(line));
            }

            position = stream.Position;
        }

        await host.Output.FlushAsync(cancellationToken);
        while (follows)
        {
            await Task.Delay(_pause, host.Time, cancellationToken);
            position = await WriteSinceAsync(position, cancellationToken);
        }

        return ExitCode.Done;
    }

    // Whole lines: what is being written comes the next time. A shorter file is another one, for the server began anew.
    private async Task<long> WriteSinceAsync(long position, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return 0;
        }

        await using var stream = Open();
        stream.Position = stream.Length < position ? 0 : position;
        position = stream.Position;
        var bytes = new byte[stream.Length - position];
        var count = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        var end = bytes.AsSpan(0, count).LastIndexOf((byte)'\n') + 1;
        if (end > 0)
        {
            await host.Output.WriteAsync(TerminalText.Block(Encoding.UTF8.GetString(bytes.AsSpan(0, end))));
            await host.Output.FlushAsync(cancellationToken);
        }

        return position + end;
    }

    // The file is read to its end: it is moved away before it becomes large. The stream stands at its end.
    private static async Task<List<string>> LastAsync(FileStream stream, int lines, CancellationToken cancellationToken)
    {
        var last = new Queue<string>();
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            last.Enqueue(line);
            if (last.Count > lines)
            {
                last.Dequeue();
            }
        }

        return [.. last];
    }

    private FileStream Open()
        => File.Exists(path)
            ? new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
            : throw new ToolException(ExitCode.CheckFailed, $"There is no {path}: no server was started there.");
}
