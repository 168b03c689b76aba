namespace Nexus.Data;

/// <summary>A part of a list, in the list's order.</summary>
/// <param name="Items">What is on the page. Fewer than asked for do not say that the list ends.</param>
/// <param name="Next">The cursor of the next page, to be handed back as it is; null where the list ends here.</param>
/// <typeparam name="T">What is listed.</typeparam>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
