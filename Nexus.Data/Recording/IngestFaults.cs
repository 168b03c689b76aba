using System.Data.Common;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Recording;

/// <summary>Whose fault it is that a batch could not be stored.</summary>
internal static class IngestFaults
{
    // Classes of SQLSTATE: data exceptions, constraints, limits of the server that one row passes.
    private static readonly string[] _ofRows = ["22", "23", "54"];

    /// <summary>Whether some entry is at fault, so that trying again is of no use. What the server says of itself, of its
    /// schema or of our rights is not an entry's fault, and may be mended while the entries wait.</summary>
    public static bool AreOfAnEntry(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is PostgresException { SqlState: var state })
            {
                return _ofRows.Contains(state[..2]);
            }

            if (cause is DbException)
            {
                return false;
            }
        }

        return !TransientFaults.AreIn(exception);
    }

    /// <summary>How long to wait before the next try: from a tenth of a second to ten seconds.</summary>
    public static TimeSpan PauseAfter(int tries) => TimeSpan.FromSeconds(Math.Min(10, 0.1 * Math.Pow(2, tries - 1)));

    /// <summary>What is told to people, without what the server says of the row's values.</summary>
    public static string Reason(Exception exception)
        => exception.GetBaseException() is PostgresException { SqlState: var state, ConstraintName: var constraint }
            ? $"The database refused it with {state}{(constraint is null ? "" : $" ({constraint})")}."
            : $"It could not be stored: {exception.GetBaseException().GetType().Name}.";
}
