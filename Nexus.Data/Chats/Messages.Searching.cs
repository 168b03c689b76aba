using System.Globalization;

namespace Nexus.Data.Chats;

public sealed partial class Messages
{
    private const int LongestSearch = 1_000;

    // More hits than these are not sorted at first.
    private const int MostSorted = 5_000;

    // So many of the newest messages are looked at one by one: words are made of each anew.
    private const int MostLookedAt = 20_000;

    // As the index has it.
    private const string Words =
        "(to_tsvector('simple', left(m.content, 100000)) || array_to_tsvector(ARRAY['chat:' || m.chat_id::text]))";

    // A value that is not known when plans are made, so that they are those of rare words: by the index. A search without a word
    // finds nothing, instead of the whole chat.
    private const string Sought =
        """
        sought AS MATERIALIZED (
            SELECT websearch_to_tsquery('simple', @words) AS query,
                   CASE WHEN numnode(websearch_to_tsquery('simple', @words)) > 0
                        THEN websearch_to_tsquery('simple', @words) && @of_chat::tsquery END AS of_chat)
        """;

    // Words that are rare in the chat are found by the index, all of them. Where it has thousands, the newest messages are looked at
    // until the page is full: a CASE is for no index of words. Where it does not get full so, the many are sorted.
    private static string Search(bool isLaterPage, int limit)
    {
        var page = isLaterPage ? "AND (m.created_at, m.id) < (@time, @id)" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            WITH few AS MATERIALIZED (
                SELECT m.id, m.created_at FROM messages m
                WHERE {Words} @@ (SELECT of_chat FROM sought) LIMIT {MostSorted + 1}),
            newest AS MATERIALIZED (
                SELECT m.id, m.created_at
                FROM (SELECT m.id, m.created_at, m.content FROM messages m
                      WHERE (SELECT count(*) FROM few) > {MostSorted} AND m.chat_id = @chat {page}
                      ORDER BY m.created_at DESC, m.id DESC LIMIT {MostLookedAt}) m
                WHERE CASE WHEN to_tsvector('simple', left(m.content, 100000)) @@ (SELECT query FROM sought) THEN true END
                ORDER BY m.created_at DESC, m.id DESC LIMIT {limit}),
            found AS MATERIALIZED (
                (SELECT m.id, m.created_at FROM few m WHERE (SELECT count(*) FROM few) <= {MostSorted} {page}
                 ORDER BY m.created_at DESC, m.id DESC LIMIT {limit})
                UNION ALL
                (SELECT m.id, m.created_at FROM newest m WHERE (SELECT count(*) FROM newest) = {limit})
                UNION ALL
                (SELECT m.id, m.created_at FROM messages m
                 WHERE (SELECT count(*) FROM few) > {MostSorted} AND (SELECT count(*) FROM newest) < {limit}
                   AND {Words} @@ (SELECT of_chat FROM sought) {page}
                 ORDER BY m.created_at DESC, m.id DESC LIMIT {limit}))
            SELECT m.* FROM found f JOIN LATERAL (SELECT * FROM messages m WHERE m.id = f.id AND m.chat_id = @chat OFFSET 0) m ON true
            """);
    }
}
