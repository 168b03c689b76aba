using System.CommandLine;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary>The options that every verb has.</summary>
internal sealed class GlobalOptions
{
    public Option<string?> Connection { get; } = new(ConnectionSettings.Option)
    {
        Description = "The database: a postgresql:// address, Npgsql's keywords, or embedded[:DATABASE].",
        HelpName = "CONNECTION",
        Recursive = true,
    };

    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Print JSON, for programs.",
        Recursive = true,
    };

    public Option<bool> Yes { get; } = new("--yes", "-y")
    {
        Description = "Ask nothing: yes to every question.",
        Recursive = true,
    };

    public Option<bool> Debug { get; } = new("--debug")
    {
        Description = "Show the stack trace of an error.",
        Recursive = true,
    };
}
