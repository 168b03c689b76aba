namespace Nexus.Data.Chats.Importing;

/// <summary>What became of the chats of another program.</summary>
/// <param name="Kind">Whose they are.</param>
/// <param name="Tables">Counts by table.</param>
/// <param name="Reasons">How many rows were not carried over, or were changed, by table and reason.</param>
/// <param name="Findings">Those rows, as many as the options ask for: of each reason the first.</param>
public sealed record ChatImportReport(
    ChatSourceKind Kind, IReadOnlyList<ChatImportCount> Tables, IReadOnlyList<ChatImportReasonCount> Reasons,
    IReadOnlyList<ChatImportFinding> Findings)
{
    /// <summary>Whether every row of the source is accounted for: new, known, or said not to be carried over.</summary>
    public bool IsComplete => Tables.All(table => table.IsComplete);

    /// <summary>How many rows are new with us.</summary>
    public long Added => Tables.Sum(table => table.Added);
}

/// <summary>What became of the rows of one table.</summary>
/// <param name="Table">Our table.</param>
/// <param name="Source">Rows in the source, as it counts them itself.</param>
/// <param name="Added">Rows that are new with us.</param>
/// <param name="Known">Rows that were there already under the same key; they are left as they are.</param>
/// <param name="Differs">Rows among the known that say something else in the source.</param>
/// <param name="NotCarried">Rows that were not carried over.</param>
public sealed record ChatImportCount(string Table, long Source, long Added, long Known, long Differs, long NotCarried)
{
    /// <summary>Whether the counts add up.</summary>
    public bool IsComplete => Source == Added + Known + NotCarried;
}

/// <summary>How many rows of a table have a reason.</summary>
/// <param name="Table">Our table.</param>
/// <param name="Reason">The reason.</param>
/// <param name="Count">How many.</param>
/// <param name="IsChange">Whether the rows were carried over all the same, changed.</param>
public sealed record ChatImportReasonCount(string Table, ChatImportReason Reason, long Count, bool IsChange);

/// <summary>A row that was not carried over, or was changed.</summary>
/// <param name="Table">Our table.</param>
/// <param name="Id">The row's key in the source; of a member chat and user, with a slash between them.</param>
/// <param name="Reason">Why not, or what was changed.</param>
/// <param name="Detail">The name, key or type that it is about, or the chat that it went to; null where the key says it all. Never a
/// password's hash or the text of a message.</param>
public sealed record ChatImportFinding(string Table, string Id, ChatImportReason Reason, string? Detail);
