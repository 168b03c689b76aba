namespace Nexus.Data.Tests.Documentation.Cli;

/// <summary>One command line of the transcript, on whose page it stands by its first word.</summary>
/// <param name="Line">What is typed behind <c>nexus-data</c>.</param>
internal sealed record Step(string Line)
{
    /// <summary>What is typed on standard input, which the page shows.</summary>
    public string? Input { get; init; }

    /// <summary>How it has to end.</summary>
    public int ExitCode { get; init; }

    /// <summary>Variables that are set for it, which the page shows.</summary>
    public (string Name, string Value)? Variable { get; init; }

    /// <summary>Whether it is one for programs: the page shows its beginning.</summary>
    public bool IsJson => Line.Split(' ').Contains("--json");
}

/// <summary>A developer's day with the tool, in the order in which the verbs build upon each other. Each verb is run for people and for
/// programs; the pages of docs/cli are made of what it prints.</summary>
internal static class Transcript
{
    private const string Conversation = "cbc02230-e69e-57fd-9f6c-b38529c8f70d";

    private static readonly (string, string) _production = ("NEXUS_ENVIRONMENT", "production");

    private static readonly string[] _tokens =
    [
        """{"access_token": "made-up-access", "refresh_token": "made-up-refresh", "expires_at": "2031-01-01T00:00:00Z", "scopes": ["user:inference"]}""",
    ];

    public static IReadOnlyList<Step> Steps { get; } =
    [
        new("dev-db start"),
        new("dev-db start --json"),
        new("dev-db connect --command \"SELECT 'it answers' AS says\""),
        new("status") { ExitCode = 1 },
        new("init-database"),
        new("init-database --json --connection embedded:second"),
        new("init-database") { ExitCode = 3 },
        new("status"),
        new("status --json"),
        new("migrate --to 019 --yes"),
        new("migrate --dry-run"),
        new("migrate"),
        new("migrate --json"),
        new("setup-roles --dry-run"),
        new("setup-roles"),
        new("setup-roles --json"),
        new("import LOG"),
        new("import LOG --json"),
        new("analyze-conversations"),
        new("analyze-conversations --json"),
        new("rebuild-conversations"),
        new("rebuild-conversations --execute") { Input = "nexus" },
        new("rebuild-conversations --json"),
        new("conversations"),
        new("conversations --json"),
        new($"show {Conversation}"),
        new($"show {Conversation} --json"),
        new($"explain {Conversation}"),
        new($"explain {Conversation} --json"),
        new("usage --until 2025-10-01 --window 60d"),
        new("usage totals --json"),
        new("export requests.jsonl"),
        new("export requests.jsonl --since 2025-01-01 --json"),
        new("populate --at 2025-01-14T12:00"),
        new("populate"),
        new("populate --json"),
        new("populate") { Variable = _production, ExitCode = 3 },
        new("populate-large --users 40 --groups 10 --direct-chats 20 --messages 2000 --until 2025-01-01"),
        new("populate-large --users 40 --groups 10 --direct-chats 20 --messages 2000 --seed 2 --until 2025-01-01 --json"),
        new("populate-large") { ExitCode = 1 },
        new("verify-population"),
        new("verify-population --json"),
        new("bench --iterations 20 --timeline-limit 1000 --look-up-limit 1000 --membership-limit 1000"),
        new("bench --iterations 20 --timeline-limit 1000 --look-up-limit 1000 --membership-limit 1000 --json"),
        new("trains create steam-club --owner ada@example.com --name \"Steam club\""),
        new("trains list"),
        new("trains show steam-club --json"),
        new("members add steam-club bob@example.com"),
        new("members list steam-club"),
        new("members list steam-club --json"),
        new("keys create steam-club --name laptop"),
        new("keys list"),
        new("keys list --json"),
        new("generate-api-key"),
        new("generate-api-key --json"),
        new("credentials keygen"),
        new("credentials add acc_club --name club") { Input = _tokens[0], Variable = ("NEXUS_CREDENTIAL_KEYS", "KEY") },
        new("credentials list"),
        new("credentials list --json"),
        new("analyses list"),
        new("analyses counts"),
        new("analyses counts --json"),
        new("populate --requests 20"),
        new("doctor") { ExitCode = 1 },
        new("doctor --check schema --json"),
        new("prune --older-than 90d"),
        new("prune --before 2025-10-01 --json"),
        new("prune --older-than 90d --execute") { Variable = _production, ExitCode = 3 },
        new("import-chats --source-schema elsewhere") { ExitCode = 1 },
        new("import-chats --source-schema elsewhere --json") { ExitCode = 1 },
        new("backup nexus.dump"),
        new("backup part.dump --since 2025-09-01 --no-secrets --json"),
        new("backup nexus.dump") { ExitCode = 3 },
        new("restore nexus.dump --connection embedded:copy"),
        new("restore nexus.dump --connection embedded:copy") { Input = "no", ExitCode = 3 },
        new("restore nexus.dump --connection embedded:copy --yes --json"),
        new("schema-dump schema.sql"),
        new("schema-dump schema.sql --json"),
        new("clean-data --dry-run"),
        new("clean-data") { Input = "yes", ExitCode = 3 },
        new("clean-data") { Input = "nexus" },
        new("clean-data --json"),
        new("db-hard-reset") { Variable = _production, ExitCode = 3 },
        new("db-hard-reset") { Input = "nexus" },
        new("db-hard-reset --json"),
        new("db-setup"),
        new("db-setup --json"),
        new("reset") { Input = "nexus" },
        new("reset --yes --json"),
        new("db-reset-and-setup") { Input = "nexus" },
        new("db-reset-and-setup --yes --json"),
        new("env-template env"),
        new("env-template env") { ExitCode = 3 },
        new("env-template other --json"),
        new("completion bash"),
        new("demo"),
        new("demo --json"),
        new("dev-db reset --dry-run"),
        new("dev-db reset") { Input = "nexus" },
        new("dev-db stop"),
        new("dev-db stop --json"),
    ];
}
