using System.CommandLine;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data completion</c>: what a shell needs to complete verbs and options.</summary>
internal static class CompletionCommand
{
    // Each asks the tool itself what may come at the cursor, so that it never knows less than this version.
    private static readonly Dictionary<string, string> _scripts = new(StringComparer.Ordinal)
    {
        ["bash"] =
            """
            # Completion of nexus-data for bash. In ~/.bashrc: eval "$(nexus-data completion bash)"
            _nexus_data() {
                local line="${COMP_LINE:0:COMP_POINT}"
                COMPREPLY=($(compgen -W "$(nexus-data "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _nexus_data nexus-data
            """,
        ["zsh"] =
            """
            # Completion of nexus-data for zsh. In ~/.zshrc, after compinit: eval "$(nexus-data completion zsh)"
            _nexus_data() {
                local line="${BUFFER[1,CURSOR]}"
                local -a words
                words=(${(f)"$(nexus-data "[suggest:${#line}]" "$line" 2>/dev/null)"})
                compadd -a words || _files
            }
            compdef _nexus_data nexus-data
            """,
        ["fish"] =
            """
            # Completion of nexus-data for fish. In ~/.config/fish/config.fish: nexus-data completion fish | source
            function __nexus_data
                set -l line (commandline --cut-at-cursor --current-process)
                nexus-data "[suggest:"(string length -- $line)"]" $line 2>/dev/null
            end
            complete --command nexus-data --arguments '(__nexus_data)'
            """,
        ["pwsh"] =
            """
            # Completion of nexus-data for PowerShell. In $PROFILE: nexus-data completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName nexus-data -ScriptBlock {
                param($word, $line, $position)
                $text = $line.ToString().PadRight($position)
                nexus-data "[suggest:$position]" $text 2>$null | Where-Object { $_ -like "$word*" } |
                    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
            }
            """,
    };

    public static Command Create(ToolHost host)
    {
        var shell = new Argument<string>("SHELL") { Description = $"Which one: {string.Join(", ", _scripts.Keys)}." };
        shell.AcceptOnlyFromAmong([.. _scripts.Keys]);
        var command = new Verb("completion", "Print what a shell needs to complete verbs and options.") { shell };
        command.Examples =
        [
            ("completion bash", "To be evaluated in ~/.bashrc: eval \"$(nexus-data completion bash)\"."),
            ("completion zsh", "In ~/.zshrc, after compinit."),
        ];
        command.SetAction(async (result, _) =>
        {
            await host.Output.WriteLineAsync(_scripts[result.GetRequiredValue(shell)]);
            return ExitCode.Done;
        });
        return command;
    }
}
