using System.Diagnostics.CodeAnalysis;

namespace Nexus.Data.Tool;

/// <summary>Ends a verb with a sentence and an exit code.</summary>
[SuppressMessage("Design", "CA1032", Justification = "It never ends without both.")]
[SuppressMessage("Roslynator", "RCS1194", Justification = "As above.")]
internal sealed class ToolException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
