using Spectre.Console;

namespace Nexus.Data.Tool;

/// <summary>What surrounds a run of the tool: where it prints, what it reads, which variables are set. Tests make their
/// own.</summary>
internal sealed record ToolHost
{
    /// <summary>Names the folder of the embedded server, in place of the user's own.</summary>
    public const string FolderVariable = "NEXUS_DATA_FOLDER";

    public required TextWriter Output { get; init; }

    public required TextWriter Error { get; init; }

    public required TextReader Input { get; init; }

    /// <summary>Standard input as bytes, for <c>import -</c>.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Standard output as bytes, for <c>export</c>.</summary>
    public Func<Stream> OpenOutput { get; init; } = Console.OpenStandardOutput;

    /// <summary>Answers for a variable.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>Whether <see cref="Output"/> is a terminal: trees and colours there, plain lines elsewhere.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>How many columns a terminal has; null for what it says itself.</summary>
    public int? TerminalWidth { get; init; }

    /// <summary>Whether <see cref="Error"/> is a terminal: progress on one line there, a line now and then
    /// elsewhere.</summary>
    public bool IsErrorTerminal { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Who is at the tool, for rows that say so: by USER, else by USERNAME, as Windows has it.</summary>
    public string User
        => Environment("USER") is { Length: > 0 } user ? user
            : Environment("USERNAME") is { Length: > 0 } name ? name
            : "nexus-data";

    public string? EmbeddedFolder => Environment(FolderVariable) is { Length: > 0 } folder ? folder : null;

    public static ToolHost OfProcess() => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        Input = Console.In,
        OpenInput = Console.OpenStandardInput,
        Environment = System.Environment.GetEnvironmentVariable,
        IsTerminal = !Console.IsOutputRedirected,
        IsErrorTerminal = !Console.IsErrorRedirected,
    };

    /// <summary>The same with one variable set otherwise.</summary>
    public ToolHost With(string variable, string value)
    {
        var environment = Environment;
        return this with { Environment = name => name == variable ? value : environment(name) };
    }

    /// <summary>The same with its output taken by something else.</summary>
    public ToolHost With(TextWriter output) => this with { Output = output, IsTerminal = false };

    /// <summary>A console on <see cref="Output"/>, for trees and tables.</summary>
    public IAnsiConsole CreateConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = IsTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(Output),
        });
        if (!IsTerminal)
        {
            // Else lines would break where nobody has a margin.
            console.Profile.Width = 200;
        }
        else if (TerminalWidth is { } width)
        {
            console.Profile.Width = width;
        }

        return console;
    }
}
