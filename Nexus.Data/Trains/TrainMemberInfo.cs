namespace Nexus.Data.Trains;

/// <summary>A person's place on a train, to show.</summary>
/// <param name="Email">The address, as it was written.</param>
/// <param name="Role">What the person may do.</param>
/// <param name="AddedAt">When the person was added.</param>
/// <param name="AddedBy">Who added the person.</param>
public sealed record TrainMemberInfo(string Email, TrainRole Role, DateTimeOffset AddedAt, string AddedBy)
{
    /// <summary>Owners first, then by address.</summary>
    internal static IReadOnlyList<TrainMemberInfo> Sort(IEnumerable<TrainMember> members)
        =>
        [
            .. members.OrderBy(member => member.Role).ThenBy(member => member.UserEmail, StringComparer.OrdinalIgnoreCase)
                .Select(member => new TrainMemberInfo(member.UserEmail, member.Role, member.AddedAt, member.AddedBy)),
        ];
}
