using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Tool;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Documentation.Cli;

/// <summary>A folder with an embedded server of its own, in which a transcript is run, and the words for what is another thing each
/// time.</summary>
internal sealed partial class TranscriptWorld : IAsyncDisposable
{
    private const int LongestJson = 30;
    private const int LongestText = 60;

    private readonly Dictionary<string, int> _identifiers = [];
    private readonly ToolFolder _server = new();
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("nexus-cli");
    private readonly string _key = $"k1:{Convert.ToBase64String(Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef"))}";

    public TranscriptWorld()
    {
        _server.Variables["USER"] = "ada";
        _server.Variables["NEXUS_PG_INSTALL"] = "0";
        File.Copy(GoldenLog.PathOf("request-log.jsonl"), Path.Combine(_files.FullName, "LOG"));
    }

    /// <summary>Runs a step, and gives what a terminal would show of it.</summary>
    public async Task<string> RunAsync(Step step)
    {
        using var shown = new StringWriter();
        var variables = new Dictionary<string, string>(_server.Variables);
        if (step.Variable is { } variable)
        {
            variables[variable.Name] = variable.Value == "KEY" ? _key : variable.Value;
        }

        var host = new ToolHost
        {
            Output = shown,
            Error = shown,
            Input = new StringReader(step.Input is null ? "" : step.Input + "\n"),
            OpenInput = () => new MemoryStream(Encoding.UTF8.GetBytes(step.Input ?? "")),
            OpenOutput = () => new TextStream(shown),
            Environment = variables.GetValueOrDefault,
            IsTerminal = !step.IsJson,
            TerminalWidth = 140,
        };
        var exitCode = await NexusDataCommand.RunAsync(Arguments(step.Line), host, CancellationToken.None);
        var text = Plain(shown.ToString());
        if (step.Line.StartsWith("bench ", StringComparison.Ordinal))
        {
            text = MeasuredCell().Replace(text, cell => "#".PadLeft(cell.Length));
        }

        if (exitCode != step.ExitCode)
        {
            Assert.Fail($"nexus-data {step.Line}: exit code {exitCode}\n{text}");
        }

        return Page(step, Cut(text, step.IsJson ? LongestJson : LongestText));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _files.Delete(recursive: true);
    }

    private static string Page(Step step, string shown)
    {
        var page = new StringBuilder("$ ");
        if (step.Variable is { } variable)
        {
            page.Append(variable.Name).Append('=').Append(variable.Value == "KEY" ? "… " : variable.Value + " ");
        }

        if (step.Input is { Length: > 40 })
        {
            page.Append("cat tokens.json | ");
        }

        page.Append("nexus-data ").Append(step.Line.Replace("LOG", "requests.jsonl", StringComparison.Ordinal)).Append('\n');
        page.Append(step.Input is { Length: <= 40 } typed ? Typed(shown, typed) : shown);
        if (step.ExitCode != 0)
        {
            page.Append("(exit code ").Append(step.ExitCode).Append(")\n");
        }

        return page.ToString();
    }

    // Behind the question, as on the screen.
    private static string Typed(string shown, string typed)
    {
        var question = shown.IndexOf("to go on: ", StringComparison.Ordinal);
        return question < 0 ? shown : shown.Insert(question + "to go on: ".Length, typed + "\n");
    }

    private string[] Arguments(string line)
        => [
            .. Word().Matches(line).Select(word => word.Value.Trim('"'))
                .Select(word => IsFile(word) ? Path.Combine(_files.FullName, word) : word),
        ];

    private static bool IsFile(string word) => word is "LOG" or "env" or "other" || word.EndsWith(".jsonl", StringComparison.Ordinal)
        || word.EndsWith(".dump", StringComparison.Ordinal) || word.EndsWith(".sql", StringComparison.Ordinal);

    private static string Cut(string text, int lines)
    {
        var all = text.TrimEnd('\n').Split('\n');
        return string.Join('\n', all.Length <= lines ? all : [.. all.Take(lines), "…"]) + "\n";
    }

    // What hangs on the clock, the machine, the server's version and chance is another thing each time, of the same length where it
    // stands in a table.
    private string Plain(string text)
    {
        text = Colours().Replace(text, "").Replace("\r", "", StringComparison.Ordinal);
        text = text.Replace(_files.FullName + "/", "", StringComparison.Ordinal);
        text = text.Replace(_server.Path, "~/.local/share/nexus-data", StringComparison.Ordinal);
        text = text.Replace(Uri.EscapeDataString(_server.Path), Uri.EscapeDataString("/home/ada/.local/share/nexus-data"), StringComparison.Ordinal);
        text = Version().Replace(text, "$1 15");
        text = JsonVersion().Replace(text, "$1\"15\"");
        text = Time().Replace(text, time => IsNow(time.Groups[1].Value) ? $"2025-01-15{time.Groups[2].Value}09:30:00{time.Groups[3].Value}" : time.Value);
        text = Identifier().Replace(text, Number);
        text = ApiKey().Replace(text, "$1…");
        text = KeyPreview().Replace(text, "$1####");
        text = ProtectionKey().Replace(text, "key-########:…");
        text = Bytes().Replace(text, "… bytes");
        text = Measured().Replace(text, "$1…");
        return TrailingSpace().Replace(text, "");
    }

    private static bool IsNow(string day)
        => Math.Abs((DateTime.UtcNow.Date - DateTime.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture)).TotalDays) <= 1;

    private string Number(Match identifier)
    {
        if (!_identifiers.TryGetValue(identifier.Value, out var number))
        {
            _identifiers[identifier.Value] = number = _identifiers.Count + 1;
        }

        return string.Create(CultureInfo.InvariantCulture, $"01946900-0000-7000-8000-{number:000000000000}");
    }

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Word();

    [GeneratedRegex("\u001b\\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Colours();

    [GeneratedRegex("[ \\t]+$", RegexOptions.Multiline)]
    private static partial Regex TrailingSpace();

    [GeneratedRegex(@"(PostgreSQL) [0-9.]+( \([^)]*\))?")]
    private static partial Regex Version();

    [GeneratedRegex(@"(""server_version"": )""[^""]*""")]
    private static partial Regex JsonVersion();

    [GeneratedRegex(@"(\d{4}-\d\d-\d\d)([ T])\d\d:\d\d:\d\d(?:\.\d+)?(Z|\+00:00)")]
    private static partial Regex Time();

    // Those that follow from names and seeds are the same each time; those of a moment begin with it.
    [GeneratedRegex("01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Identifier();

    [GeneratedRegex("(cnp_live_)[0-9A-Za-z]{30,}")]
    private static partial Regex ApiKey();

    [GeneratedRegex(@"(cnp_live_\*{4})[0-9A-Za-z]{4}")]
    private static partial Regex KeyPreview();

    [GeneratedRegex("key-[0-9a-f]{8}:[0-9A-Za-z+/=]+")]
    private static partial Regex ProtectionKey();

    [GeneratedRegex("[0-9][0-9,]* bytes")]
    private static partial Regex Bytes();

    [GeneratedRegex(@"(""(?:p50|p95|max|pages|bytes|sha256|duration|took)"": )[^,\n]+")]
    private static partial Regex Measured();

    // Milliseconds, and the pages before the index.
    [GeneratedRegex(@"(?<=│ +)[0-9][0-9,]*(\.[0-9]{2}(?= │)|(?= │ [^│]* │ [^│]* │$))", RegexOptions.Multiline)]
    private static partial Regex MeasuredCell();

    // Bytes on standard output, among the rest.
    private sealed class TextStream(TextWriter writer) : MemoryStream
    {
        protected override void Dispose(bool disposing)
        {
            writer.Write(Encoding.UTF8.GetString(ToArray()));
            base.Dispose(disposing);
        }
    }
}
