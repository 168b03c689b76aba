using System.Text;

namespace Nexus.Data.Masking;

/// <summary>
/// Finds secrets and replaces them before anything is stored. Pure, and safe for any number of threads.
/// </summary>
/// <remarks>
/// Masking what is masked changes nothing. Within a train a secret has the same mask wherever it stands, so that texts
/// that were equal stay equal. See <see cref="MaskingOptions.Key"/> for masks that also tell secrets apart.
/// </remarks>
public sealed class SecretMasker
{
    private readonly HashSet<string> _headerNames;
    private readonly MaskingAction[] _actions;
    private readonly Dictionary<string, MaskingAction[]> _trains;
    private readonly byte[]? _key;

    /// <summary>Makes a masker. Later changes of the options do not reach it.</summary>
    /// <param name="options">What is masked.</param>
    public SecretMasker(MaskingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _headerNames = new(options.HeaderNames, StringComparer.OrdinalIgnoreCase);
        _actions = MaskingPlan.ActionsOf(options, null);
        _trains = options.Trains.ToDictionary(
            train => train.Key, train => MaskingPlan.ActionsOf(options, train.Value), StringComparer.OrdinalIgnoreCase);
        _key = options.Key is { } key ? Encoding.UTF8.GetBytes(key) : null;
    }

    /// <summary>
    /// Masks the strings, the property names and the numbers of a JSON text; every byte outside of a string that changes
    /// stays. What is no JSON, or no UTF-8, is masked as one text.
    /// </summary>
    /// <param name="trainId">Whose overrides apply, and whose masks these are.</param>
    /// <param name="utf8Json">The text. It is not written to.</param>
    public MaskedJson MaskJson(string trainId, ReadOnlyMemory<byte> utf8Json)
        => new JsonMask(PlanOf(trainId), MaskingMetrics.InBody).Mask(utf8Json.Span) is { } masked
            ? new(masked, IsChanged: true)
            : new(utf8Json, IsChanged: false);

    /// <summary>Masks a text that is no JSON, such as the message of an error.</summary>
    /// <param name="trainId">Whose overrides apply, and whose masks these are.</param>
    /// <param name="text">The text.</param>
    public string MaskText(string trainId, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TextMask.Mask([text], TextForm.Plain, PlanOf(trainId), MaskingMetrics.InText)[0];
    }

    /// <summary>Masks query parameters that are named as secrets are, and then what looks like one.</summary>
    /// <param name="trainId">Whose overrides apply, and whose masks these are.</param>
    /// <param name="pathWithQuery">The path, or the whole address.</param>
    public string MaskPath(string trainId, string pathWithQuery)
    {
        ArgumentNullException.ThrowIfNull(pathWithQuery);
        var plan = PlanOf(trainId);
        var masked = QueryParameters.Mask(pathWithQuery, plan, MaskingMetrics.InPath);
        return TextMask.Mask([masked], TextForm.Path, plan, MaskingMetrics.InPath)[0];
    }

    /// <summary>
    /// Headers as a JSON object: the values of <see cref="MaskingOptions.HeaderNames"/> masked whole, the others where
    /// they hold a secret. A name that comes more than once has an array.
    /// </summary>
    /// <param name="trainId">Whose overrides apply, and whose masks these are.</param>
    /// <param name="headers">Names and values, in their order.</param>
    public string MaskHeaders(string trainId, IEnumerable<KeyValuePair<string, string>> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        return MaskHeaders(trainId, HeaderObject.Of(headers));
    }

    /// <summary>Masks headers that are a JSON object already, with strings or arrays of strings as values.</summary>
    /// <param name="trainId">Whose overrides apply, and whose masks these are.</param>
    /// <param name="headersJson">The object. What is no JSON is masked as a text.</param>
    public string MaskHeaders(string trainId, string headersJson)
    {
        ArgumentNullException.ThrowIfNull(headersJson);
        var mask = new JsonMask(PlanOf(trainId), MaskingMetrics.InHeader) { HeaderNames = _headerNames };
        return mask.Mask(Encoding.UTF8.GetBytes(headersJson)) is { } masked
            ? Encoding.UTF8.GetString(masked)
            : headersJson;
    }

    /// <summary>
    /// Masks a text that came in pieces, such as a stream: as many pieces, and together they are the masked whole. A mask
    /// goes into the first piece that its secret touches.
    /// </summary>
    /// <param name="trainId">Whose overrides apply, and whose masks these are.</param>
    /// <param name="pieces">The pieces in their order.</param>
    public IReadOnlyList<string> MaskPieces(string trainId, IReadOnlyList<string> pieces)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        return TextMask.Mask(pieces, TextForm.Plain, PlanOf(trainId), MaskingMetrics.InBody);
    }

    /// <summary>Tells what <see cref="MaskJson"/> would replace, and changes and counts nothing.</summary>
    /// <param name="trainId">Whose overrides apply.</param>
    /// <param name="utf8Json">The text.</param>
    public IReadOnlyList<SecretFinding> Find(string trainId, ReadOnlySpan<byte> utf8Json)
        => JsonScan.Find(utf8Json, PlanOf(trainId));

    private MaskingPlan PlanOf(string trainId)
    {
        ArgumentNullException.ThrowIfNull(trainId);
        return new(_trains.GetValueOrDefault(trainId, _actions), _key, trainId);
    }
}
