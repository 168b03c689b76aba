namespace Nexus.Data.Masking;

/// <summary>How a text is written, and what is known of it.</summary>
[Flags]
internal enum TextForm
{
    /// <summary>As it is read.</summary>
    Plain = 0,

    /// <summary>The inside of a JSON string, escapes and all.</summary>
    JsonString = 1,

    /// <summary>A path with its query, escaped by percent signs.</summary>
    Path = 2,

    /// <summary>The value of a property that is named as an AWS secret is.</summary>
    AwsSecret = 4,
}
