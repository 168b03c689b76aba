using System.Data.Common;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Recording;

/// <summary>Whose fault it is that a batch could not be stored.</summary>
internal enum IngestFault
{
    /// <summary>The server, the network, the schema or our rights: it is waited for, and may be mended meanwhile.</summary>
    Database,

    /// <summary>Some entry: trying again is of no use.</summary>
    Entry,

    /// <summary>It may be either: after some tries it is taken for an entry's.</summary>
    Unclear,
}

/// <summary>Tells faults apart.</summary>
internal static class IngestFaults
{
    /// <summary>So often a batch is tried before it is halved where the fault is unclear.</summary>
    public const int TriesOfBatch = 3;

    /// <summary>So often a single entry is tried, in about a minute and a half, before it goes to the rejects.</summary>
    public const int TriesOfEntry = 12;

    // Classes of SQLSTATE. Data, constraints, limits of the server that one row passes, errors that triggers raise.
    private static readonly string[] _ofEntries = ["22", "23", "54", "P0"];

    // Connections, authorization, no such database, schema and rights, resources, intervention, the system around it.
    private static readonly string[] _ofDatabase = ["08", "25", "28", "3D", "42", "53", "57", "58"];

    public static IngestFault Of(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                // A statement that was cancelled took too long, or somebody cancelled it; too many locks or too little
                // memory may be for a batch that is too large.
                case PostgresException
                {
                    SqlState: PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.OutOfMemory,
                }:
                    return IngestFault.Unclear;
                case PostgresException { SqlState: var state }:
                    return _ofEntries.Contains(state[..2]) ? IngestFault.Entry
                        : _ofDatabase.Contains(state[..2]) ? IngestFault.Database
                        : IngestFault.Unclear;
                case TimeoutException:
                    return IngestFault.Unclear;
                case DbException { InnerException: null }:
                    return IngestFault.Database;
            }
        }

        // A connection that broke leaves transactions and readers behind that complain of their state.
        return TransientFaults.AreIn(exception) ? IngestFault.Database
            : exception.GetBaseException() is InvalidOperationException ? IngestFault.Unclear
            : IngestFault.Entry;
    }

    /// <summary>How long to wait before the next try: from a tenth of a second to ten seconds.</summary>
    public static TimeSpan PauseAfter(int tries) => TimeSpan.FromSeconds(Math.Min(10, 0.1 * Math.Pow(2, Math.Min(tries, 10) - 1)));

    /// <summary>What is told to people, without what the server says of the row's values.</summary>
    public static string Reason(Exception exception)
        => exception.GetBaseException() is PostgresException { SqlState: var state, ConstraintName: var constraint }
            ? $"The database refused it with {state}{(constraint is null ? "" : $" ({constraint})")}."
            : $"It could not be stored: {exception.GetBaseException().GetType().Name}.";
}
