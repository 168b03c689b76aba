namespace Nexus.Data.Usage;

/// <summary>Which requests count; everything that is not null must fit, and an empty text asks for what is unknown.</summary>
public sealed record UsageFilter
{
    /// <summary>The train's slug.</summary>
    public string? TrainId { get; init; }

    /// <summary>The account.</summary>
    public string? AccountId { get; init; }

    /// <summary>The model, exactly.</summary>
    public string? Model { get; init; }

    /// <summary>The type of the requests.</summary>
    public string? RequestType { get; init; }
}
