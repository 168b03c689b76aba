namespace Nexus.Data.Chats.Importing;

/// <summary>Where chats are imported from.</summary>
public sealed class ChatImportOptions
{
    /// <summary>The source's database, by Npgsql's keywords or as a <c>postgresql://</c> address; null for the database that is
    /// imported into.</summary>
    public string? SourceConnection { get; set; }

    /// <summary>The schema of the source's tables. In the database that is imported into it has to be another one than
    /// ours.</summary>
    public string SourceSchema { get; set; } = "public";

    /// <summary>Whose tables they are; null to be told by them.</summary>
    public ChatSourceKind? Kind { get; set; }

    /// <summary>How many rows <see cref="ChatImportReport.Findings"/> lists at most; the counts beside it are of all.</summary>
    public int MostFindings { get; set; } = 1_000;
}
