namespace Nexus.Data.Operations.Roles;

/// <summary>A right that was tried by its role, in a transaction that was rolled back.</summary>
/// <param name="Role">The role that tried.</param>
/// <param name="Action">What it tried, such as <c>insert</c>.</param>
/// <param name="Thing">What it tried it on, such as <c>table api_requests</c>.</param>
/// <param name="IsGranted">Whether it should be let; where not, the server has to answer with 42501.</param>
/// <param name="IsProven">Whether the server did as it should.</param>
/// <param name="Answer">The server's error with its code; null where it did what was asked.</param>
public sealed record RoleProof(
    string Role, string Action, string Thing, bool IsGranted, bool IsProven, string? Answer);
