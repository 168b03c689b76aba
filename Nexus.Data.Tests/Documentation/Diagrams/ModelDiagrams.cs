namespace Nexus.Data.Tests.Documentation.Diagrams;

/// <summary>What docs/model.md shows: the diagrams of the areas, and who writes each table.</summary>
internal static class ModelDiagrams
{
    public static IReadOnlyList<ModelSection> Sections { get; } =
    [
        new(
            "Requests",
            "Every call, and what linking finds it by. A conversation has no table of its own: it is a `conversation_id` that requests share. "
            + "Nothing refers to a request by a foreign key but the pieces of its answer.",
            new(
                "model-requests.svg",
                "Requests and what hangs on them",
                [
                    [new("api_requests", Area.Requests) { Blocks = 2 }],
                    [
                        new("streaming_chunks", Area.Requests),
                        new("request_words", Area.Requests),
                        new("task_prompts", Area.Requests),
                        new("summary_keys", Area.Requests),
                        new("link_waits", Area.Requests),
                    ],
                ],
                [
                    new("api_requests", "parent_request_id", "api_requests", "request_id"),
                    new("api_requests", "parent_task_request_id", "api_requests", "request_id"),
                    new("api_requests", "retry_of_request_id", "api_requests", "request_id"),
                    new("request_words", "request_id", "api_requests", "request_id"),
                    new("task_prompts", "request_id", "api_requests", "request_id"),
                    new("task_prompts", "subtask_request_id", "api_requests", "request_id"),
                    new("summary_keys", "request_id", "api_requests", "request_id"),
                    new("link_waits", "request_id", "api_requests", "request_id"),
                ]),
            new()
            {
                ["api_requests"] = "`RequestRecorder`, `RequestIngestQueue`, `RequestImporter`; its links `ConversationLinker` and `ConversationRebuilder`",
                ["streaming_chunks"] = "`RequestRecorder`, `RequestIngestQueue`, `RequestImporter`",
                ["request_words"] = "whoever writes the request, in its transaction",
                ["task_prompts"] = "`ConversationLinker`, `ConversationRebuilder`",
                ["summary_keys"] = "`ConversationLinker`, `ConversationRebuilder`",
                ["link_waits"] = "`ConversationLinker`, `ConversationRebuilder`",
            }),
        new(
            "Totals",
            "What lists and figures are read off ([dashboards.md](dashboards.md)). Whoever writes requests writes the totals in the same "
            + "transaction; `TotalsRepair` mends them.",
            new(
                "model-totals.svg",
                "Totals of conversations, branches and hours, and the prices of models",
                [
                    [
                        new("conversation_totals", Area.Totals),
                        new("hourly_stats", Area.Totals) { Note = "materialized view" },
                        new("model_prices", Area.Totals),
                    ],
                    [new("branch_totals", Area.Totals), new("hourly_totals", Area.Totals)],
                ],
                [
                    new("branch_totals", "conversation_id", "conversation_totals", "conversation_id"),
                ]),
            new()
            {
                ["conversation_totals"] = "whoever writes requests, in their transaction; `TotalsRepair`",
                ["branch_totals"] = "whoever writes requests, in their transaction; `TotalsRepair`",
                ["hourly_totals"] = "whoever writes requests, in their transaction; `TotalsRepair`",
                ["model_prices"] = "the host, by `PriceTable`",
                ["hourly_stats"] = "nobody; `refresh_hourly_stats()` computes it anew",
            }),
        new(
            "Trains, accounts and analyses",
            "Tenants, who belongs to them, and with which account's token they call ([trains.md](trains.md)); the queue of analyses and its log "
            + "([analyses.md](analyses.md)). A request names its train by the slug, and outlives it.",
            new(
                "model-trains.svg",
                "Trains, their members, keys and accounts, and analyses",
                [
                    [
                        new("train_members", Area.Trains),
                        new("train_api_keys", Area.Trains),
                        new("train_accounts", Area.Trains),
                    ],
                    [
                        new("trains", Area.Trains),
                        new("anthropic_credentials", Area.Trains),
                        new("api_requests", Area.Requests) { Shown = ["request_id", "train_id", "account_id"] },
                    ],
                    [
                        new("conversation_analyses", Area.Trains),
                        new("analysis_audit_log", Area.Trains),
                    ],
                ],
                [
                    new("api_requests", "train_id", "trains", "train_id"),
                    new("api_requests", "account_id", "anthropic_credentials", "account_id"),
                    new("conversation_analyses", "train_id", "trains", "train_id"),
                    new("analysis_audit_log", "train_id", "trains", "train_id"),
                ]),
            new()
            {
                ["trains"] = "`TrainService`",
                ["train_members"] = "`TrainMembers`",
                ["train_api_keys"] = "`ApiKeyService`",
                ["train_accounts"] = "`TrainAccounts`",
                ["anthropic_credentials"] = "`CredentialStore`, `AccessTokens`, `SecretRotation`",
                ["conversation_analyses"] = "`AnalysisQueue`",
                ["analysis_audit_log"] = "`AnalysisQueue`, `AuditLog`; the application's role can only add",
            }),
        new(
            "Chats",
            "Sessions of the coding assistant and rooms of the team, with the people and their messages ([chats.md](chats.md)). A message may name "
            + "the request that produced it.",
            new(
                "model-chats.svg",
                "Chats, their members, messages and snapshots, and people",
                [
                    [new("users", Area.Chats), new("chats", Area.Chats)],
                    [
                        new("chat_members", Area.Chats),
                        new("messages", Area.Chats),
                        new("chat_snapshots", Area.Chats),
                    ],
                    [new("api_requests", Area.Requests) { Shown = ["request_id", "conversation_id"] }],
                ],
                [
                    new("messages", "request_id", "api_requests", "request_id"),
                ]),
            new()
            {
                ["users"] = "`Users`",
                ["chats"] = "`RepositoryChats`, `ChatRooms`, `Messages`",
                ["chat_members"] = "`ChatRooms`, `UnreadMessages`",
                ["messages"] = "`Messages`",
                ["chat_snapshots"] = "`Snapshots`",
            }),
    ];
}

/// <summary>One area of the model in docs/model.md.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Text">What is said of it.</param>
/// <param name="Diagram">Its picture.</param>
/// <param name="Writers">Who writes each of its tables.</param>
internal sealed record ModelSection(string Title, string Text, Diagram Diagram, Dictionary<string, string> Writers);
