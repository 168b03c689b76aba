using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Nexus.Data.Masking;

/// <summary>Tells where in a JSON text secrets stand.</summary>
internal static class JsonScan
{
    public static IReadOnlyList<SecretFinding> Find(ReadOnlySpan<byte> json, in MaskingPlan plan)
    {
        if (!Needles.MayBeIn(json, plan))
        {
            return [];
        }

        try
        {
            return Walk(json, plan);
        }
        catch (JsonException)
        {
            return [.. (TextSecrets.Find(json, TextForm.Plain, plan) ?? []).Select(
                secret => new SecretFinding(secret.Kind, ""))];
        }
    }

    private static List<SecretFinding> Walk(ReadOnlySpan<byte> json, in MaskingPlan plan)
    {
        var findings = new List<SecretFinding>();
        var levels = new Stack<Level>();
        var form = TextForm.JsonString;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
            {
                levels.Pop();
                continue;
            }

            var start = (int)reader.TokenStartIndex;
            var isName = reader.TokenType == JsonTokenType.PropertyName;
            if (levels.TryPeek(out var level) && (isName || level.NameLength < 0))
            {
                levels.Pop();
                levels.Push(isName ? new(start + 1, reader.ValueSpan.Length) : new(level.Start + 1, -1));
            }

            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName or JsonTokenType.String:
                    var text = json.Slice(start + 1, reader.ValueSpan.Length);
                    foreach (var secret in TextSecrets.Find(text, isName ? TextForm.JsonString : form, plan) ?? [])
                    {
                        findings.Add(new(secret.Kind, Place(json, levels, plan)));
                    }

                    break;

                case JsonTokenType.Number when plan.LooksFor(SecretKind.CardNumber)
                    && CardNumbers.IsCard(reader.ValueSpan):
                    findings.Add(new(SecretKind.CardNumber, Place(json, levels, plan)));
                    break;

                case JsonTokenType.StartArray:
                    levels.Push(new(-1, -1));
                    break;

                case JsonTokenType.StartObject:
                    levels.Push(new(0, 0));
                    break;
            }

            form = isName && ApiKeys.NamesAwsSecret(reader.ValueSpan)
                ? TextForm.JsonString | TextForm.AwsSecret
                : TextForm.JsonString;
        }

        return findings;
    }

    private static string Place(ReadOnlySpan<byte> json, Stack<Level> levels, in MaskingPlan plan)
    {
        var place = new StringBuilder();
        foreach (var level in levels.Reverse())
        {
            place.Append('/');
            if (level.NameLength < 0)
            {
                place.Append(CultureInfo.InvariantCulture, $"{level.Start}");
                continue;
            }

            var name = json.Slice(level.Start, level.NameLength);
            var masked = TextMask.Mask(name, TextForm.JsonString, plan, null);
            place.Append(Encoding.UTF8.GetString(masked ?? name).Replace("~", "~0").Replace("/", "~1"));
        }

        return place.ToString();
    }

    // In an object, where the name of the property stands; in an array, the index at Start, and a length of -1.
    private readonly record struct Level(int Start, int NameLength);
}
