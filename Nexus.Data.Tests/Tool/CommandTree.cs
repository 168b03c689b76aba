using System.CommandLine;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

/// <summary>The tool's verbs, as it knows them.</summary>
internal static class CommandTree
{
    public static RootCommand Root() => NexusDataCommand.Create(
        new(),
        new ToolHost
        {
            Output = TextWriter.Null,
            Error = TextWriter.Null,
            Input = TextReader.Null,
            OpenInput = () => Stream.Null,
            Environment = _ => null,
        });

    /// <summary>The words of every command that does something.</summary>
    public static IEnumerable<string[]> Leaves() => Leaves(Root(), []);

    private static IEnumerable<string[]> Leaves(Command command, string[] path)
        => command.Subcommands.SelectMany(sub => Leaves(sub, [.. path, sub.Name]))
            .Concat(command.Action is not null && path.Length > 0 ? [path] : []);
}
