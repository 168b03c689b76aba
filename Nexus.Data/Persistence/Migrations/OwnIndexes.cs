using System.Text.RegularExpressions;

namespace Nexus.Data.Persistence.Migrations;

/// <summary>An index that a database at the newest version has.</summary>
/// <param name="Name">Its name, which is that of the constraint where it is one.</param>
/// <param name="Table">The table, or the view that keeps rows.</param>
/// <param name="IsUnique">Whether it keeps equal rows out.</param>
/// <param name="Constraint">PRIMARY KEY or UNIQUE; null where it is no constraint.</param>
/// <param name="Definition">What follows the table's name in the statement that makes it.</param>
internal sealed record OwnIndex(string Name, string Table, bool IsUnique, string? Constraint, string Definition)
{
    private const string Where = " WHERE ";

    /// <summary>The statements that make it again while others write.</summary>
    public string Make
    {
        get
        {
            var create = $"CREATE {(IsUnique ? "UNIQUE " : "")}INDEX CONCURRENTLY {Name} ON {Table} {Definition};";
            return Constraint is null
                ? create
                : $"{create} ALTER TABLE {Table} ADD CONSTRAINT {Name} {Constraint} USING INDEX {Name};";
        }
    }

    /// <summary>The statement that makes it where it is not there; writers wait meanwhile.</summary>
    public string MakeIfMissing
        => $"CREATE {(IsUnique ? "UNIQUE " : "")}INDEX IF NOT EXISTS {Name} ON {Table} {Definition};";

    /// <summary>Whether it is over an expression, which no model of EF describes.</summary>
    public bool HasExpressions => Keys(Definition) is var keys && keys.LastIndexOf('(') != keys.IndexOf('(', StringComparison.Ordinal);

    /// <summary>The statement that takes it away, while others write where that can be.</summary>
    public string Drop => DropOf(Name, Table, Constraint is not null);

    public static string DropOf(string name, string table, bool isConstraint)
        => isConstraint ? $"ALTER TABLE {table} DROP CONSTRAINT {name};" : $"DROP INDEX CONCURRENTLY {name};";

    /// <summary>Whether an index is like this one. Servers of different versions may write expressions and conditions in
    /// different ways, so these are compared by whether there are any.</summary>
    /// <param name="isUnique">Whether the index is unique.</param>
    /// <param name="definition">Its definition, as the server writes it.</param>
    public bool IsLike(bool isUnique, string definition)
        => isUnique == IsUnique && Shape(definition) == Shape(Definition)
            && definition.Contains(Where, StringComparison.Ordinal) == Definition.Contains(Where, StringComparison.Ordinal);

    // The columns with their order; of what has an expression the kind of index.
    private static string Shape(string definition)
    {
        var keys = Keys(definition);
        var open = keys.IndexOf('(', StringComparison.Ordinal);
        return keys.IndexOf('(', open + 1) < 0 ? keys : keys[..open];
    }

    private static string Keys(string definition) => definition.Split(Where)[0];
}

/// <summary>The indexes that the migrations make, as the catalog of a database at the newest version tells them. A test
/// compares the list with such a catalog.</summary>
internal static partial class OwnIndexes
{
    /// <summary>A statement for each, as <see cref="Tell"/> gives it.</summary>
    public const string Statements =
        """
        ALTER TABLE analysis_audit_log ADD CONSTRAINT analysis_audit_log_pkey PRIMARY KEY (id)
        CREATE INDEX idx_audit_conversation ON analysis_audit_log USING btree (conversation_id, branch_id)
        CREATE INDEX idx_audit_event_type ON analysis_audit_log USING btree (event_type)
        CREATE INDEX idx_audit_timestamp ON analysis_audit_log USING btree ("timestamp")
        CREATE INDEX idx_audit_train ON analysis_audit_log USING btree (train_id)
        ALTER TABLE anthropic_credentials ADD CONSTRAINT anthropic_credentials_account_id_key UNIQUE (account_id)
        ALTER TABLE anthropic_credentials ADD CONSTRAINT anthropic_credentials_account_name_key UNIQUE (account_name)
        ALTER TABLE anthropic_credentials ADD CONSTRAINT anthropic_credentials_pkey PRIMARY KEY (id)
        CREATE INDEX idx_credentials_account_id ON anthropic_credentials USING btree (account_id)
        ALTER TABLE api_requests ADD CONSTRAINT api_requests_pkey PRIMARY KEY (request_id)
        CREATE INDEX idx_requests_conversation ON api_requests USING btree (conversation_id, branch_id, "timestamp", request_id) WHERE conversation_id IS NOT NULL
        CREATE INDEX idx_requests_link_answer ON api_requests USING btree (train_id, answer_hash, "timestamp", request_id) WHERE answer_hash IS NOT NULL
        CREATE INDEX idx_requests_link_hash ON api_requests USING btree (train_id, link_hash, "timestamp", request_id) WHERE link_hash IS NOT NULL
        CREATE INDEX idx_requests_parent_branch ON api_requests USING btree (parent_request_id, branch_id) WHERE parent_request_id IS NOT NULL
        CREATE INDEX idx_requests_retry_of ON api_requests USING btree (retry_of_request_id) WHERE retry_of_request_id IS NOT NULL
        CREATE INDEX idx_requests_subtask_number ON api_requests USING btree (conversation_id, ("substring"(branch_id::text, '^subtask_([0-9]{1,9})$'::text)::integer) DESC) WHERE branch_id::text ~~ 'subtask_%'::text
        CREATE INDEX idx_requests_train_time ON api_requests USING btree (train_id, "timestamp", request_id)
        CREATE INDEX idx_requests_unlinked ON api_requests USING btree (train_id, "timestamp") WHERE unlinked_because IS NOT NULL
        CREATE INDEX idx_requests_without_links ON api_requests USING btree (train_id, current_message_hash, "timestamp", request_id) WHERE link_hash IS NULL
        ALTER TABLE branch_totals ADD CONSTRAINT branch_totals_pkey PRIMARY KEY (train_id, conversation_id, branch_id, account_id, model)
        CREATE INDEX idx_branch_totals_account ON branch_totals USING btree (account_id, last_at, conversation_id)
        CREATE INDEX idx_branch_totals_model ON branch_totals USING btree (model, last_at, conversation_id)
        CREATE INDEX idx_branch_totals_train_account ON branch_totals USING btree (train_id, account_id, last_at, conversation_id)
        CREATE INDEX idx_branch_totals_train_model ON branch_totals USING btree (train_id, model, last_at, conversation_id)
        ALTER TABLE chat_members ADD CONSTRAINT chat_members_pkey PRIMARY KEY (chat_id, user_id)
        CREATE INDEX idx_chat_members_user_id ON chat_members USING btree (user_id, chat_id)
        ALTER TABLE chat_snapshots ADD CONSTRAINT chat_snapshots_pkey PRIMARY KEY (id)
        CREATE UNIQUE INDEX chat_snapshots_version_key ON chat_snapshots USING btree (chat_id, version)
        CREATE UNIQUE INDEX chats_direct_pair_key ON chats USING btree (low_user_id, high_user_id) WHERE kind::text = 'direct'::text
        ALTER TABLE chats ADD CONSTRAINT chats_pkey PRIMARY KEY (id)
        CREATE INDEX idx_chats_created_by_user_id ON chats USING btree (created_by_user_id) WHERE created_by_user_id IS NOT NULL
        CREATE INDEX idx_chats_high_user_id ON chats USING btree (high_user_id) WHERE kind::text = 'direct'::text
        CREATE INDEX idx_chats_last_accessed_at ON chats USING btree (last_accessed_at DESC, id DESC) WHERE kind::text = 'repository'::text
        CREATE INDEX idx_chats_repository_full_name ON chats USING btree (repository_full_name, last_accessed_at DESC, id DESC) WHERE kind::text = 'repository'::text
        ALTER TABLE conversation_analyses ADD CONSTRAINT conversation_analyses_conversation_id_branch_id_key UNIQUE (conversation_id, branch_id)
        ALTER TABLE conversation_analyses ADD CONSTRAINT conversation_analyses_pkey PRIMARY KEY (id)
        CREATE INDEX idx_conversation_analyses_conversation ON conversation_analyses USING btree (conversation_id, branch_id)
        CREATE INDEX idx_conversation_analyses_due ON conversation_analyses USING btree (due_at, id) WHERE status = 'pending'::conversation_analysis_status
        CREATE INDEX idx_conversation_analyses_has_custom_prompt ON conversation_analyses USING btree ((custom_prompt IS NOT NULL)) WHERE custom_prompt IS NOT NULL
        CREATE INDEX idx_conversation_analyses_lease ON conversation_analyses USING btree (lease_expires_at) WHERE status = 'processing'::conversation_analysis_status
        CREATE INDEX idx_conversation_analyses_status ON conversation_analyses USING btree (status) WHERE status = 'pending'::conversation_analysis_status
        CREATE INDEX idx_conversation_analyses_status_id ON conversation_analyses USING btree (status, id)
        CREATE INDEX idx_conversation_analyses_train ON conversation_analyses USING btree (train_id, id)
        ALTER TABLE conversation_totals ADD CONSTRAINT conversation_totals_pkey PRIMARY KEY (train_id, conversation_id)
        CREATE INDEX idx_conversation_totals_first ON conversation_totals USING btree (first_at, train_id)
        CREATE INDEX idx_conversation_totals_forks ON conversation_totals USING btree (last_at, conversation_id, train_id) WHERE has_forks
        CREATE INDEX idx_conversation_totals_last ON conversation_totals USING btree (last_at, conversation_id, train_id)
        CREATE INDEX idx_conversation_totals_subtasks ON conversation_totals USING btree (last_at, conversation_id, train_id) WHERE has_subtasks
        CREATE INDEX idx_conversation_totals_train ON conversation_totals USING btree (train_id, last_at, conversation_id)
        CREATE INDEX idx_hourly_stats_hour_train ON hourly_stats USING btree (hour DESC, train_id)
        CREATE UNIQUE INDEX idx_hourly_stats_key ON hourly_stats USING btree (hour, train_id, model)
        ALTER TABLE hourly_totals ADD CONSTRAINT hourly_totals_pkey PRIMARY KEY (train_id, hour, account_id, model, request_type, slot)
        CREATE INDEX idx_hourly_totals_account ON hourly_totals USING btree (account_id, hour)
        CREATE INDEX idx_hourly_totals_hour ON hourly_totals USING btree (hour)
        CREATE INDEX idx_link_waits_key ON link_waits USING btree (train_id, key, "timestamp", request_id)
        ALTER TABLE link_waits ADD CONSTRAINT link_waits_pkey PRIMARY KEY (request_id, key)
        CREATE INDEX idx_messages_request_id ON messages USING btree (request_id) WHERE request_id IS NOT NULL
        CREATE INDEX idx_messages_sender_id ON messages USING btree (sender_id) WHERE sender_id IS NOT NULL
        CREATE INDEX idx_messages_timeline ON messages USING btree (chat_id, created_at, id)
        CREATE INDEX idx_messages_words ON messages USING gin ((to_tsvector('simple'::regconfig, "left"(content, 100000)) || array_to_tsvector(ARRAY['chat:'::text || chat_id::text])))
        CREATE INDEX idx_messages_written_in ON messages USING btree (written_in, id)
        CREATE UNIQUE INDEX messages_idempotency_key ON messages USING btree (chat_id, idempotency_key) WHERE idempotency_key IS NOT NULL
        ALTER TABLE messages ADD CONSTRAINT messages_pkey PRIMARY KEY (id)
        CREATE UNIQUE INDEX messages_sequence_key ON messages USING btree (chat_id, sequence)
        ALTER TABLE model_prices ADD CONSTRAINT model_prices_pkey PRIMARY KEY (model, valid_from)
        CREATE INDEX idx_request_words_time ON request_words USING btree ("timestamp", request_id) WHERE words <> ''::tsvector
        CREATE INDEX idx_request_words_train ON request_words USING btree (train_id, "timestamp", request_id) WHERE words <> ''::tsvector
        CREATE INDEX idx_request_words_words ON request_words USING gin (words) WHERE words <> ''::tsvector
        ALTER TABLE request_words ADD CONSTRAINT request_words_pkey PRIMARY KEY (request_id)
        CREATE INDEX idx_streaming_chunks_request_id ON streaming_chunks USING btree (request_id, chunk_index)
        ALTER TABLE streaming_chunks ADD CONSTRAINT streaming_chunks_pkey PRIMARY KEY (id)
        ALTER TABLE streaming_chunks ADD CONSTRAINT streaming_chunks_request_id_chunk_index_key UNIQUE (request_id, chunk_index)
        CREATE INDEX idx_summary_keys_key ON summary_keys USING btree (train_id, key, "timestamp", request_id)
        ALTER TABLE summary_keys ADD CONSTRAINT summary_keys_pkey PRIMARY KEY (request_id, key)
        CREATE INDEX idx_task_prompts_open ON task_prompts USING btree (train_id, prompt_hash, "timestamp" DESC, request_id DESC, ordinal) WHERE subtask_request_id IS NULL
        ALTER TABLE task_prompts ADD CONSTRAINT task_prompts_pkey PRIMARY KEY (request_id, ordinal)
        CREATE INDEX idx_train_accounts_credential ON train_accounts USING btree (credential_id)
        CREATE INDEX idx_train_accounts_train ON train_accounts USING btree (train_id)
        ALTER TABLE train_accounts ADD CONSTRAINT train_accounts_pkey PRIMARY KEY (id)
        ALTER TABLE train_accounts ADD CONSTRAINT train_accounts_train_id_credential_id_key UNIQUE (train_id, credential_id)
        CREATE INDEX idx_train_api_keys_train ON train_api_keys USING btree (train_id)
        CREATE UNIQUE INDEX train_api_keys_key_hash_key ON train_api_keys USING btree (key_hash)
        ALTER TABLE train_api_keys ADD CONSTRAINT train_api_keys_pkey PRIMARY KEY (id)
        CREATE INDEX idx_train_members_address ON train_members USING btree (lower(user_email::text))
        CREATE INDEX idx_train_members_role ON train_members USING btree (train_id, role)
        CREATE INDEX idx_train_members_train_id ON train_members USING btree (train_id)
        CREATE INDEX idx_train_members_user_email ON train_members USING btree (user_email)
        ALTER TABLE train_members ADD CONSTRAINT train_members_pkey PRIMARY KEY (id)
        CREATE UNIQUE INDEX train_members_train_id_address_key ON train_members USING btree (train_id, lower(user_email::text))
        ALTER TABLE train_members ADD CONSTRAINT train_members_train_id_user_email_key UNIQUE (train_id, user_email)
        CREATE INDEX idx_trains_train_id ON trains USING btree (train_id)
        ALTER TABLE trains ADD CONSTRAINT trains_pkey PRIMARY KEY (id)
        ALTER TABLE trains ADD CONSTRAINT trains_train_id_key UNIQUE (train_id)
        ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id)
        CREATE UNIQUE INDEX users_username_key ON users USING btree (lower(username::text) COLLATE "C")
        """;

    /// <summary>Tells the indexes of tables as statements, in the list's order.</summary>
    public const string Tell =
        """
        SELECT CASE WHEN k.oid IS NULL THEN pg_get_indexdef(i.indexrelid, 0, true)
                    ELSE format('ALTER TABLE %I ADD CONSTRAINT %I %s', t.relname, k.conname, pg_get_constraintdef(k.oid, true))
               END
        FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
        LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
        WHERE t.relnamespace = to_regnamespace(quote_ident(current_schema())) AND t.relname = ANY (@tables)
        ORDER BY t.relname COLLATE "C", x.relname COLLATE "C"
        """;

    public static IReadOnlyList<OwnIndex> All { get; } = [.. Statements.ReplaceLineEndings("\n").Split('\n').Select(Parse)];

    /// <summary>Their names, for who has one and asks whether it is ours.</summary>
    public static IReadOnlySet<string> Names { get; } = All.Select(index => index.Name).ToHashSet(StringComparer.Ordinal);

    private static OwnIndex Parse(string statement)
    {
        if (Index().Match(statement) is { Success: true, Groups: var index })
        {
            return new(index[2].Value, index[3].Value, index[1].Success, null, index[4].Value);
        }

        var constraint = Constraint().Match(statement).Groups;
        return new(constraint[2].Value, constraint[1].Value, true, constraint[3].Value, $"USING btree {constraint[4].Value}");
    }

    [GeneratedRegex(@"^CREATE (UNIQUE )?INDEX (\S+) ON (\S+) (USING .*)$")]
    private static partial Regex Index();

    [GeneratedRegex(@"^ALTER TABLE (\S+) ADD CONSTRAINT (\S+) (PRIMARY KEY|UNIQUE) (\(.*\))$")]
    private static partial Regex Constraint();
}
