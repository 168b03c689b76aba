using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Nexus.Data.Totals;

/// <summary>The statements that write what a transaction changes of totals, in one round trip: a long text of which there are few, so that each is put together
/// once for all.</summary>
/// <param name="Sql">The statements.</param>
/// <param name="Parameters">The names of the parameters that they take.</param>
internal sealed partial record TotalsBatch(string Sql, IReadOnlySet<string> Parameters)
{
    private static readonly ConcurrentDictionary<Shape, TotalsBatch> _all = [];

    /// <summary>What is to be done.</summary>
    /// <param name="Writes">Words of requests are written.</param>
    /// <param name="Deletes">Words of requests go.</param>
    /// <param name="Locks">Conversations are locked first, or taken in.</param>
    /// <param name="Adds">Branches change by what was added or told.</param>
    /// <param name="Counts">Conversations are counted anew.</param>
    /// <param name="AddsToHours">Hours change.</param>
    /// <param name="Takes">Requests leave hours.</param>
    public readonly record struct Shape(bool Writes, bool Deletes, bool Locks, bool Adds, bool Counts, bool AddsToHours, bool Takes);

    public static TotalsBatch Of(Shape shape) => _all.GetOrAdd(shape, Compose);

    private static TotalsBatch Compose(Shape shape)
    {
        var sql = string.Concat(
        [
            TotalsStatements.PlanOnce,
            shape.Writes ? WordStatements.Write : "",
            shape.Deletes ? WordStatements.Delete : "",
            shape.Locks ? TotalsStatements.LockConversations(shape.Counts) : "",
            shape.Adds ? TotalsStatements.AddToBranches(shape.Counts) : "",
            shape.Counts ? TotalsStatements.Count(TotalsStatements.GivenKeys) : "",
            shape.AddsToHours ? TotalsStatements.AddToHours(shape.Takes) : "",
            TotalsStatements.PlanAsBefore,
        ]);
        return new(sql, Parameter().Matches(sql).Select(parameter => parameter.Groups[1].Value).ToHashSet(StringComparer.Ordinal));
    }

    [GeneratedRegex("@([a-z_]+)")]
    private static partial Regex Parameter();
}
