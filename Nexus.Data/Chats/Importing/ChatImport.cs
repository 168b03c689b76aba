using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Chats.Importing;

/// <summary>Brings the chats of the two programs before us along, from another schema or another database.</summary>
/// <remarks>
/// All of it in one transaction: what fails leaves nothing. Nothing is imported twice, and what is with us already is left as it is,
/// so that an import can be done again while people still write there; new messages go behind those that are here. Memory does
/// not grow with the number of messages. The source is read as of one instant and never written to.
/// </remarks>
public sealed class ChatImport
{
    // Each by what the ones before have carried over.
    private static readonly TableImport[] _places = [UserImport.Value, ChatRowImport.Value];

    // Whoever joins has read all that has come.
    private static readonly TableImport[] _contents = [MessageImport.Value, MemberImport.Value, SnapshotImport.Value];

    private readonly UnitOfWork _work;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    public ChatImport(IDbContextFactory<NexusDbContext> contexts)
        : this(new UnitOfWork(contexts))
    {
    }

    private ChatImport(UnitOfWork work) => _work = work;

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public ChatImport In(NexusDbContext db) => new(new UnitOfWork(db));

    /// <summary>Imports what is new in the source.</summary>
    /// <param name="options">Where it is; null for schema <c>public</c> of the database that is imported into.</param>
    /// <param name="cancellationToken">Stops the work, and takes back what was done.</param>
    /// <returns>What became of each table's rows, and which of them were not carried over.</returns>
    /// <remarks>
    /// Chats that are with us already, and to which something new comes, are locked from when it was read until the end: whoever posts
    /// there, joins or leaves meanwhile waits, and cannot log in while a message of theirs does; where it lasts longer than a command may, 30
    /// seconds by default, it fails as unavailable. So does it where people are to be anonymised, take a name or begin a direct chat that
    /// is just coming. In other chats people go on. Imports that are started at once come one after the other. The server's limits of time for statements, locks
    /// and idle transactions do not count until the end of the transaction. What was deleted here since an import, and is still in the source, comes back.
    /// </remarks>
    /// <exception cref="NexusDataException">The source cannot be reached (unavailable, forbidden, not found), may not be read or hides
    /// rows by row-level security (forbidden), has no tables of a program
    /// that is known (not found) or those of both (conflict), lacks columns, or is the very schema that is imported into
    /// (validation).</exception>
    public Task<ChatImportReport> ImportAsync(ChatImportOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        ArgumentException.ThrowIfNullOrWhiteSpace(options.SourceSchema, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MostFindings, nameof(options));
        return _work.DoAsync(
            (db, token) => db.WithoutTimeoutAsync(() => ImportAsync(db, options, token)), cancellationToken);
    }

    private static async Task<ChatImportReport> ImportAsync(
        NexusDbContext db, ChatImportOptions options, CancellationToken cancellationToken)
    {
        // The source's instant is behind the lock: what another import has just brought is known then.
        await db.ExecuteAsync(ImportTables.TakeTime, [], cancellationToken);
        await db.ExecuteAsync(ImportTables.Gate, [], cancellationToken);
        await db.ExecuteAsync(ImportTables.Create, [], cancellationToken);
        var (layout, counts) = await StageAsync(db, options, cancellationToken);
        await db.ExecuteAsync(ImportTables.Analyze, [], cancellationToken);
        await db.ExecuteAsync(ImportTables.LockUsers, [], cancellationToken);
        var tables = new Dictionary<string, ChatImportCount>(StringComparer.Ordinal);
        foreach (var import in _places.Where(import => counts.ContainsKey(import.Table)))
        {
            await ExecuteAsync(db, import.Judge, cancellationToken);
            tables.Add(import.Table, await ImportAsync(db, import, counts[import.Table], cancellationToken));
        }

        var contents = _contents.Where(import => counts.ContainsKey(import.Table)).ToList();
        await ExecuteAsync(db, contents.SelectMany(import => import.Judge), cancellationToken);
        await ExecuteAsync(db, [ImportTables.LockChats, .. ImportTables.NoteNumbers], cancellationToken);
        foreach (var import in contents)
        {
            tables.Add(import.Table, await ImportAsync(db, import, counts[import.Table], cancellationToken));
        }

        return new(
            layout.Kind, [.. ImportTables.All.Where(tables.ContainsKey).Select(table => tables[table])],
            await ImportFindings.CountAsync(db, cancellationToken),
            await ImportFindings.ListAsync(db, options.MostFindings, cancellationToken));
    }

    // Gives whose tables they are, and how many rows the source has for each of ours.
    private static async Task<(SourceLayout Layout, Dictionary<string, long> Counts)> StageAsync(
        NexusDbContext db, ChatImportOptions options, CancellationToken cancellationToken)
    {
        var target = (NpgsqlConnection)db.Database.GetDbConnection();
        await using var source = await ChatSource.OpenAsync(target, options, cancellationToken);
        if (await source.IsDatabaseOfAsync(db, cancellationToken)
            && string.Equals(options.SourceSchema, await SchemaAsync(db, cancellationToken), StringComparison.Ordinal))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"Schema '{options.SourceSchema}' of {source.Place} is the one that chats are imported into: name another schema or "
                + "another database as the source.");
        }

        var catalog = await source.ReadCatalogAsync(options.SourceSchema, cancellationToken);
        var layout = SourceLayout.Recognise(catalog, options.Kind, source.Place);
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var rows in layout.Stage(catalog))
        {
            counts.Add(rows.Table, await source.CountAsync(rows.Count, cancellationToken));
            await source.CopyAsync(rows.Select, target, ImportTables.StageOf(rows.Table), cancellationToken);
        }

        await ImportFindings.AddUnknownAsync(db, [.. layout.UnknownIn(catalog)], cancellationToken);
        return (layout, counts);
    }

    private static async Task<ChatImportCount> ImportAsync(
        NexusDbContext db, TableImport import, long source, CancellationToken cancellationToken)
    {
        await ExecuteAsync(db, import.Revise, cancellationToken);
        var added = await db.ExecuteAsync(import.Insert, [], cancellationToken);
        await ExecuteAsync(db, [.. import.Settle, import.Find], cancellationToken);
        return (await db.ReadAllAsync(
            $"""
            SELECT count(*) FILTER (WHERE is_known), count(*) FILTER (WHERE differs), count(*) FILTER (WHERE reason IS NOT NULL)
            FROM {ImportTables.JudgedOf(import.Table)}
            """,
            [], row => new ChatImportCount(import.Table, source, added, row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)),
            cancellationToken)).Single();
    }

    private static async Task ExecuteAsync(NexusDbContext db, IEnumerable<string> statements, CancellationToken cancellationToken)
    {
        foreach (var statement in statements)
        {
            await db.ExecuteAsync(statement, [], cancellationToken);
        }
    }

    private static async Task<string> SchemaAsync(NexusDbContext db, CancellationToken cancellationToken)
        => (await db.ReadAllAsync(
            "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'chats'::regclass",
            [], row => row.GetString(0), cancellationToken)).Single();
}
