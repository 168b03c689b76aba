using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Conversations.Browsing;

/// <summary>What the filters of lists and of searches have in common: a train, and a time.</summary>
internal static class TrainAndTime
{
    /// <summary>The conditions, each begun with AND, with their parameters added. What is not asked for is not among them.</summary>
    /// <param name="table">The table, as the statement calls it.</param>
    /// <param name="time">Its column of time.</param>
    /// <param name="trainId">The train; null for all.</param>
    /// <param name="from">The earliest time; null for any.</param>
    /// <param name="to">The time that is too late; null for any.</param>
    /// <param name="parameters">Where <c>train</c>, <c>from</c> and <c>to</c> are added.</param>
    public static string Conditions(
        string table, string time, string? trainId, DateTimeOffset? from, DateTimeOffset? to, List<NpgsqlParameter> parameters)
    {
        var sql = "";
        if (trainId is not null)
        {
            parameters.Add(DbCommands.Sought("train", trainId));
            sql += $" AND {table}.train_id = @train";
        }

        if (from is { } earliest)
        {
            parameters.Add(DbCommands.Time("from", earliest));
            sql += $" AND {table}.{time} >= @from";
        }

        if (to is { } tooLate)
        {
            parameters.Add(DbCommands.Time("to", tooLate));
            sql += $" AND {table}.{time} < @to";
        }

        return sql;
    }
}
