using System.Diagnostics.Metrics;
using Nexus.Data.Persistence;

namespace Nexus.Data.Masking;

/// <summary>How many secrets were replaced, by kind and by where they stood.</summary>
internal static class MaskingMetrics
{
    private static readonly Counter<long> _secrets = NexusMeter.Instance.CreateCounter<long>(
        "nexus.data.masking.secrets", "{secret}", "Secrets replaced before anything was stored.");

    public static readonly Action<SecretKind> InBody = For("body");
    public static readonly Action<SecretKind> InHeader = For("header");
    public static readonly Action<SecretKind> InPath = For("path");
    public static readonly Action<SecretKind> InText = For("text");

    private static readonly string[] _kinds =
        ["api_key", "bearer_token", "private_key", "url_password", "email_address", "card_number", "header"];

    private static Action<SecretKind> For(string place)
        => kind => _secrets.Add(1, new("kind", _kinds[(int)kind]), new("place", place));
}
