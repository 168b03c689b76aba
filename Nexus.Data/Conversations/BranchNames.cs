using System.Globalization;

namespace Nexus.Data.Conversations;

/// <summary>How branches are called. All times are UTC.</summary>
internal static class BranchNames
{
    public const string SubtaskPrefix = "subtask_";
    public const string ContinuationPrefix = "compact_";

    public static string Fork(DateTimeOffset timestamp) => Format(timestamp, "'branch_'yyyyMMddHHmmss");

    public static string Continuation(DateTimeOffset timestamp) => Format(timestamp, "'compact_'HHmmss");

    public static string Subtask(int number) => SubtaskPrefix + number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The n-th name of its kind: the name itself, then <c>_2</c>, <c>_3</c> behind it.</summary>
    public static string Numbered(string name, int n)
        => n == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}_{n}");

    /// <summary>The number of a sub-task's branch; null for any other name.</summary>
    public static int? SubtaskNumber(string? name)
        => name is not null && name.StartsWith(SubtaskPrefix, StringComparison.Ordinal)
           && name.Length <= SubtaskPrefix.Length + 9
           && int.TryParse(name.AsSpan(SubtaskPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static string Format(DateTimeOffset timestamp, string format)
        => timestamp.UtcDateTime.ToString(format, CultureInfo.InvariantCulture);
}
