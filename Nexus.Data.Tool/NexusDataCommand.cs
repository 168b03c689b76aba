using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Globalization;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary>The command <c>nexus-data</c>.</summary>
internal static class NexusDataCommand
{
    /// <summary>Parses a command line, does what it says, and returns the exit code. Throws nothing.</summary>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, ToolHost host, CancellationToken cancellationToken)
    {
        // What is printed is read by programs too, and by people who compare it.
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var options = new GlobalOptions();
        var parsed = Parse(arguments, options, host);
        if (parsed.Errors.Count > 0 && parsed.GetResult("--help") is null)
        {
            // Whoever gives an address as an argument shall not find it in a log.
            var message = arguments.Where(IsConnection).Aggregate(
                Objection(parsed),
                (text, argument) => text.Replace(
                    argument, ConnectionStrings.Redact(argument), StringComparison.Ordinal));
            await host.Error.WriteLineAsync($"{message} See '{Name(parsed)} --help'.");
            return ExitCode.WrongUsage;
        }

        try
        {
            return await InvokeAsync(parsed, host, cancellationToken);
        }
        catch (Exception exception)
        {
            return await ToolErrors.ReportAsync(
                exception, host.Error, parsed.GetValue(options.Debug), cancellationToken);
        }
    }

    /// <summary>Does what a verb does as a part of another one, whose its errors are.</summary>
    /// <param name="arguments">The command line, which names its database by <c>--connection</c>.</param>
    /// <param name="host">Where it prints.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Its exit code.</returns>
    public static Task<int> ContinueAsync(
        IReadOnlyList<string> arguments, ToolHost host, CancellationToken cancellationToken)
    {
        var parsed = Parse(arguments, new(), host);
        return parsed.Errors.Count == 0
            ? InvokeAsync(parsed, host, cancellationToken)
            : throw new ToolException(ExitCode.WrongUsage, Objection(parsed));
    }

    private static ParseResult Parse(IReadOnlyList<string> arguments, GlobalOptions options, ToolHost host)
        => Create(options, host).Parse(VerbNames.Resolve(arguments, ConnectionSettings.Option));

    private static Task<int> InvokeAsync(ParseResult parsed, ToolHost host, CancellationToken cancellationToken)
        => parsed.InvokeAsync(
            new()
            {
                Output = host.Output,
                Error = host.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            },
            cancellationToken);

    /// <summary>All verbs, with their options and examples.</summary>
    internal static RootCommand Create(GlobalOptions options, ToolHost host)
    {
        var root = new RootCommand("Looks after a Nexus database.")
        {
            options.Connection,
            options.Json,
            options.Yes,
            options.Debug,
            DemoCommand.Create(options, host),
            InitDatabaseCommand.Create(options, host),
            MigrateCommand.Create(options, host),
            DbSetupCommand.Create(options, host),
            DbHardResetCommand.Create(options, host),
            DbResetAndSetupCommand.Create(options, host),
            ResetCommand.Create(options, host),
            DevDbCommand.Create(options, host),
            EnvTemplateCommand.Create(options, host),
            StatusCommand.Create(options, host),
            ImportCommand.Create(options, host),
            ImportChatsCommand.Create(options, host),
            PopulateCommand.Create(options, host),
            PopulateLargeCommand.Create(options, host),
            VerifyPopulationCommand.Create(options, host),
            CleanDataCommand.Create(options, host),
            BenchCommand.Create(options, host),
            ExportCommand.Create(options, host),
            AnalyzeConversationsCommand.Create(options, host),
            RebuildConversationsCommand.Create(options, host),
            PruneCommand.Create(options, host),
            BackupCommand.Create(options, host),
            RestoreCommand.Create(options, host),
            SchemaDumpCommand.Create(options, host),
            DoctorCommand.Create(options, host),
            ExplainCommand.Create(options, host),
            TrainsCommand.Create(options, host),
            MembersCommand.Create(options, host),
            KeysCommand.Create(options, host),
            GenerateApiKeyCommand.Create(options, host),
            SetupRolesCommand.Create(options, host),
            CredentialsCommand.Create(options, host),
            AnalysesCommand.Create(options, host),
            ConversationsCommand.Create(options, host),
            ShowCommand.Create(options, host),
            UsageCommand.Create(options, host),
            CompletionCommand.Create(host),
        };
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExamples((HelpAction)help.Action!);
        }

        RefuseOptions(root);
        return root;
    }

    // An option that there is not is no file's name and nobody's identifier.
    private static void RefuseOptions(Command command)
    {
        foreach (var argument in command.Arguments)
        {
            argument.Validators.Add(result =>
            {
                if (result.Tokens.FirstOrDefault(token => token.Value.Length > 1 && token.Value[0] == '-') is { } token)
                {
                    result.AddError($"There is no option '{token.Value}'.");
                }
            });
        }

        foreach (var sub in command.Subcommands)
        {
            RefuseOptions(sub);
        }
    }

    private static bool IsConnection(string argument)
        => argument.Contains("://", StringComparison.Ordinal) || argument.Contains('=', StringComparison.Ordinal);

    // The parser's own first complaint about a verb that it does not know is that there is none.
    private static string Objection(ParseResult parsed)
        => parsed is { CommandResult.Command: { Subcommands.Count: > 0 }, UnmatchedTokens: [var verb, ..] }
            ? $"There is no verb '{verb}'."
            : parsed.Errors[0].Message;

    // With the verbs above it.
    private static string Name(ParseResult parsed)
    {
        var name = "";
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult command; result = result.Parent)
        {
            name = command.Command is Verb verb ? $" {verb.Name}{name}" : name;
        }

        return "nexus-data" + name;
    }
}
