using System.Diagnostics;

namespace Nexus.Data.Credentials;

/// <summary>
/// The keys that protect tokens and webhook addresses. Checked when the host starts. Without a key, what is stored in clear can
/// be read, and no secret can be stored.
/// </summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class CredentialProtectionOptions
{
    /// <summary>The section these options are bound from by convention.</summary>
    public const string SectionName = "Nexus:Data:Credentials";

    /// <summary>
    /// Keys by their ids: 32 bytes in base64. An id is 1 to 32 letters, digits, dots, hyphens and underscores of ASCII; it is
    /// stored with each value and is no secret. The keys are.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public IDictionary<string, string> Keys { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The key that protects what is written; null for the first of the file, else for the only one.</summary>
    public string? CurrentKeyId { get; set; }

    /// <summary>
    /// A file with a key on each line, <c>id:base64</c>, the current one first; lines that begin with <c>#</c> are comments.
    /// Nobody but the service's user should be able to read it (mode 0600). Null for none. Read once.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>How many keys there are, and none of them.</summary>
    public override string ToString() => $"{Keys.Count} keys, current {CurrentKeyId ?? "by default"}, file {KeyFile ?? "none"}";
}
