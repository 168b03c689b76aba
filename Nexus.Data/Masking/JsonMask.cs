using System.Text;
using System.Text.Json;

namespace Nexus.Data.Masking;

/// <summary>Walks the strings, names and numbers of a JSON text. What is no JSON is one text.</summary>
internal sealed class JsonMask(MaskingPlan plan, Action<SecretKind>? report)
{
    private readonly MaskingPlan _plan = plan;
    private List<Edit>? _edits;

    private readonly record struct Edit(int Start, int Length, byte[] Text);

    /// <summary>Names of the outermost object's properties that are masked whole, as headers are.</summary>
    public IReadOnlySet<string>? HeaderNames { get; init; }

    /// <summary>The text without its secrets, null where there are none.</summary>
    public byte[]? Mask(ReadOnlySpan<byte> json)
    {
        if (HeaderNames is null && !Needles.MayBeIn(json, _plan))
        {
            return null;
        }

        try
        {
            Walk(json);
        }
        catch (JsonException)
        {
            return TextMask.Mask(json, TextForm.Plain, _plan, report);
        }

        return _edits is null ? null : Applied(json, _edits);
    }

    private void Walk(ReadOnlySpan<byte> json)
    {
        var form = TextForm.JsonString;
        var isHeader = false;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });
        while (reader.Read())
        {
            var start = (int)reader.TokenStartIndex;
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    var name = reader.ValueSpan;
                    isHeader = reader.CurrentDepth == 1 && HeaderNames?.Contains(reader.GetString()!) == true;
                    form = ApiKeys.NamesAwsSecret(name)
                        ? TextForm.JsonString | TextForm.AwsSecret
                        : TextForm.JsonString;
                    MaskString(json.Slice(start + 1, name.Length), start + 1, TextForm.JsonString);
                    continue;

                case JsonTokenType.String:
                    var value = json.Slice(start + 1, reader.ValueSpan.Length);
                    if (isHeader)
                    {
                        MaskHeader(value, start, value.Length + 2);
                    }
                    else
                    {
                        MaskString(value, start + 1, form);
                    }

                    break;

                case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False when isHeader:
                    MaskHeader(reader.ValueSpan, start, reader.ValueSpan.Length);
                    break;

                case JsonTokenType.Number when _plan.LooksFor(SecretKind.CardNumber)
                    && CardNumbers.IsCard(reader.ValueSpan):
                    MaskNumber(reader.ValueSpan, start);
                    break;

                case JsonTokenType.StartArray when isHeader && reader.CurrentDepth == 1:
                    continue;

                case JsonTokenType.StartArray or JsonTokenType.StartObject when isHeader:
                    reader.Skip();
                    MaskHeader(json[start..(int)reader.BytesConsumed], start, (int)reader.BytesConsumed - start);
                    break;
            }

            form = TextForm.JsonString;
            isHeader = isHeader && reader.CurrentDepth > 1;
        }
    }

    private void MaskString(ReadOnlySpan<byte> text, int start, TextForm form)
    {
        if (TextMask.Mask(text, form, _plan, report) is { } masked)
        {
            (_edits ??= []).Add(new(start, text.Length, masked));
        }
    }

    private void MaskNumber(ReadOnlySpan<byte> digits, int start)
    {
        report?.Invoke(SecretKind.CardNumber);
        var mask = _plan[SecretKind.CardNumber] == MaskingAction.Drop
            ? MaskingPlan.DropMark(SecretKind.CardNumber)
            : _plan.MaskOf(SecretKind.CardNumber, digits);
        (_edits ??= []).Add(new(start, digits.Length, Encoding.ASCII.GetBytes($"\"{mask}\"")));
    }

    private void MaskHeader(ReadOnlySpan<byte> value, int start, int length)
    {
        var resolved = new byte[value.Length];
        value = resolved.AsSpan(0, EscapedText.Resolve(value, resolved, (byte)'\\'));
        if (!value.IsEmpty && !MaskingPlan.IsMask(Encoding.UTF8.GetString(value)))
        {
            report?.Invoke(SecretKind.Header);
            (_edits ??= []).Add(
                new(start, length, Encoding.ASCII.GetBytes($"\"{_plan.MaskOf(SecretKind.Header, value)}\"")));
        }
    }

    private static byte[] Applied(ReadOnlySpan<byte> json, List<Edit> edits)
    {
        var masked = new byte[json.Length + edits.Sum(edit => edit.Text.Length - edit.Length)];
        var written = 0;
        var copied = 0;
        foreach (var edit in edits)
        {
            json[copied..edit.Start].CopyTo(masked.AsSpan(written));
            written += edit.Start - copied;
            edit.Text.CopyTo(masked, written);
            written += edit.Text.Length;
            copied = edit.Start + edit.Length;
        }

        json[copied..].CopyTo(masked.AsSpan(written));
        return masked;
    }
}
