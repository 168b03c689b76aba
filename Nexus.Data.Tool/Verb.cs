using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Nexus.Data.Tool;

/// <summary>A subcommand whose help ends with examples.</summary>
internal sealed class Verb(string name, string description) : Command(name, description)
{
    /// <summary>Each a command line without <c>nexus-data</c>, with what it is for.</summary>
    public IReadOnlyList<(string Line, string Purpose)> Examples { get; set; } = [];
}

/// <summary>The usual help, then the verb's examples.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var result = usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb { Examples.Count: > 0 } verb)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var (line, purpose) in verb.Examples)
            {
                output.WriteLine($"  nexus-data {line}");
                output.WriteLine($"      {purpose}");
            }

            output.WriteLine();
        }

        return result;
    }
}
