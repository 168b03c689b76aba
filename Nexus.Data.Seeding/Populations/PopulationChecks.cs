using Microsoft.EntityFrameworkCore.Metadata;
using Nexus.Data.Chats;
using Nexus.Data.Persistence;

namespace Nexus.Data.Seeding.Populations;

/// <summary>What holds for rows of chats that the application, or a population, has written: each check is a statement that gives a text
/// for everything that is wrong.</summary>
internal static class PopulationChecks
{
    /// <summary>The checks, in the order in which they are told.</summary>
    public static IReadOnlyList<(string Name, string Purpose, string Violations)> Of(IModel model) =>
    [
        ("people", "There is somebody.", "SELECT 'The table users is empty.' WHERE NOT EXISTS (SELECT FROM users)"),
        ("names", "Everybody has a name, without spaces around it.",
            "SELECT format('user %s: ''%s''', id, username) FROM users WHERE (username <> '' AND username = btrim(username)) IS NOT TRUE"),
        ("names-unique", "No two people have one name, in whatever case.",
            "SELECT format('''%s'': %s people', lower(username), count(*)) FROM users GROUP BY lower(username) HAVING count(*) > 1"),
        ("passwords", "Whoever is active has a hash that the application's hasher verifies.",
            """
            SELECT format('user %s ''%s''', id, username) FROM users
            WHERE status = 'active' AND (password_hash ~ '^\$pbkdf2-sha512\$i=[0-9]+\$[^$]+\$[^$]+$') IS NOT TRUE
            """),
        ("kinds", "Each chat has the columns of its kind, and no others.",
            $"SELECT format('chat %s: %s', id, kind) FROM chats WHERE ({EnumText<ChatKind>.Check("kind")} AND {ChatConfiguration.Shape}) IS NOT TRUE"),
        ("direct-chats-unique", "Two people have one direct chat.",
            """
            SELECT format('%s and %s: %s chats', low_user_id, high_user_id, count(*)) FROM chats WHERE kind = 'direct'
            GROUP BY low_user_id, high_user_id HAVING count(*) > 1
            """),
        ("direct-chats-members", "A direct chat has its two people and nobody else; who was anonymised has left.",
            """
            SELECT format('chat %s: %s members of 2', c.id, count(m.user_id)) FROM chats c LEFT JOIN chat_members m ON m.chat_id = c.id
            WHERE c.kind = 'direct' GROUP BY c.id, c.low_user_id, c.high_user_id
            HAVING bool_or(m.user_id NOT IN (c.low_user_id, c.high_user_id))
                OR count(DISTINCT m.user_id) < (SELECT count(*) FROM users u WHERE u.id IN (c.low_user_id, c.high_user_id) AND u.anonymized_at IS NULL)
            """),
        ("members-unique", "Nobody is in a chat twice.",
            """
            SELECT format('chat %s, user %s: %s times', chat_id, user_id, count(*)) FROM chat_members
            GROUP BY chat_id, user_id HAVING count(*) > 1
            """),
        ("members-of-rooms", "Sessions of the coding assistant have no members.",
            """
            SELECT format('chat %s, user %s', m.chat_id, m.user_id) FROM chat_members m JOIN chats c ON c.id = m.chat_id
            WHERE c.kind = 'repository'
            """),
        ("admins", "A group that has members has an admin.",
            """
            SELECT format('chat %s', c.id) FROM chats c JOIN chat_members m ON m.chat_id = c.id
            WHERE c.kind = 'group' GROUP BY c.id HAVING NOT bool_or(m.role = 'admin')
            """),
        ("contents", "Every message says something.",
            "SELECT format('message %s', id) FROM messages WHERE (content <> '') IS NOT TRUE"),
        ("senders", "Whoever wrote in a room is a member of it; who was anonymised has left.",
            """
            SELECT format('message %s of user %s in chat %s', n.id, n.sender_id, n.chat_id)
            FROM messages n JOIN chats c ON c.id = n.chat_id JOIN users u ON u.id = n.sender_id
            LEFT JOIN chat_members m ON m.chat_id = n.chat_id AND m.user_id = n.sender_id
            WHERE c.kind <> 'repository' AND m.user_id IS NULL AND u.anonymized_at IS NULL
            """),
        ("references", "Every foreign key of the model leads somewhere, whether the server enforces it or not.",
            string.Join(" UNION ALL ", ModelTables.References(model).Select(Orphans))),
        ("message-keys", "No two messages of a chat have one number or one idempotency key.",
            """
            SELECT format('chat %s, number %s: %s messages', chat_id, sequence, count(*)) FROM messages
            GROUP BY chat_id, sequence HAVING count(*) > 1
            UNION ALL
            SELECT format('chat %s, key ''%s'': %s messages', chat_id, idempotency_key, count(*)) FROM messages
            WHERE idempotency_key IS NOT NULL GROUP BY chat_id, idempotency_key HAVING count(*) > 1
            """),
        ("message-numbers", "Numbers begin with 1, and none is above the chat's last one.",
            """
            SELECT format('chat %s: numbers %s to %s, the last one %s', c.id, n.low, n.high, c.last_sequence)
            FROM chats c JOIN (SELECT chat_id, min(sequence) AS low, max(sequence) AS high FROM messages GROUP BY chat_id) n ON n.chat_id = c.id
            WHERE n.low < 1 OR n.high > c.last_sequence
            """),
        ("message-order", "The messages of a chat are later one by one.",
            """
            SELECT format('message %s, number %s in chat %s', id, sequence, chat_id)
            FROM (SELECT id, chat_id, sequence, created_at, lag(created_at) OVER (PARTITION BY chat_id ORDER BY sequence) AS before FROM messages) n
            WHERE created_at < before
            """),
        ("members-late", "Nobody came into a chat before it or the person was there.",
            """
            SELECT format('chat %s, user %s', m.chat_id, m.user_id)
            FROM chat_members m JOIN chats c ON c.id = m.chat_id JOIN users u ON u.id = m.user_id
            WHERE m.joined_at < greatest(c.created_at, u.created_at)
            """),
        ("messages-late", "No message is older than its chat, its sender or the sender's membership.",
            """
            SELECT format('message %s', n.id) FROM messages n JOIN chats c ON c.id = n.chat_id LEFT JOIN users u ON u.id = n.sender_id
            LEFT JOIN chat_members m ON m.chat_id = n.chat_id AND m.user_id = n.sender_id
            WHERE n.created_at < greatest(c.created_at, u.created_at, m.joined_at)
            """),
        ("future", "Nothing happens in the future.",
            """
            SELECT format('user %s: %s', id, created_at) FROM users WHERE created_at > greatest(@now, clock_timestamp())
            UNION ALL
            SELECT format('chat %s: %s', id, greatest(created_at, last_accessed_at)) FROM chats
            WHERE greatest(created_at, last_accessed_at) > greatest(@now, clock_timestamp())
            UNION ALL
            SELECT format('chat %s, user %s: %s', chat_id, user_id, joined_at) FROM chat_members WHERE joined_at > greatest(@now, clock_timestamp())
            UNION ALL
            SELECT format('message %s: %s', id, created_at) FROM messages WHERE created_at > greatest(@now, clock_timestamp())
            UNION ALL
            SELECT format('request %s: %s', request_id, "timestamp") FROM api_requests WHERE "timestamp" > greatest(@now, clock_timestamp())
            """),
        ("last-written", "A chat was used no earlier than its newest message was written.",
            """
            SELECT format('chat %s', c.id) FROM chats c
            JOIN (SELECT chat_id, max(created_at) AS last FROM messages GROUP BY chat_id) n ON n.chat_id = c.id WHERE n.last > c.last_accessed_at
            """),
        ("snapshots", "The versions of a chat's snapshots have no gap.",
            """
            SELECT format('chat %s: versions %s to %s, %s of them', chat_id, min(version), max(version), count(*)) FROM chat_snapshots
            GROUP BY chat_id HAVING count(DISTINCT version) <> max(version) - min(version) + 1
            """),
        ("requests-linked", "No request waits to be linked.",
            "SELECT format('request %s: %s', request_id, unlinked_because) FROM api_requests WHERE unlinked_because IS NOT NULL"),
    ];

    private static string Orphans(ModelReference key)
    {
        var isGiven = string.Join(" AND ", key.Columns.Select(column => $"r.\"{column}\" IS NOT NULL"));
        var isSame = string.Join(" AND ", key.Columns.Zip(key.PrincipalColumns, (column, other) => $"p.\"{other}\" = r.\"{column}\""));
        var value = string.Join(" || ' ' || ", key.Columns.Select(column => $"r.\"{column}\"::text"));
        return $"""
            SELECT format('{key.Name}: {key.Principal} has no %s', {value}) FROM "{key.Table}" r
            WHERE {isGiven} AND NOT EXISTS (SELECT FROM "{key.Principal}" p WHERE {isSame})
            """;
    }
}
