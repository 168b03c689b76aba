using Nexus.Data.Requests;

namespace Nexus.Data.Conversations;

/// <summary>Which requests take part in conversations.</summary>
public sealed class LinkingOptions
{
    /// <summary>Request types that are stored and never linked.</summary>
    public ISet<string> ExcludedRequestTypes { get; } =
        new HashSet<string>(["token_count", "quota"], StringComparer.OrdinalIgnoreCase);

    internal bool TakesPart(ApiRequest request)
        => TakesPart(request.RequestType, request.Path.EndsWith("/count_tokens", StringComparison.Ordinal));

    internal bool TakesPart(string? requestType, bool countsTokens)
        => requestType is { } type ? !ExcludedRequestTypes.Contains(type) : !countsTokens;
}
