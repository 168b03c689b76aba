using System.Globalization;
using System.Text;
using System.Text.Json;
using Nexus.Data.Persistence;

namespace Nexus.Data.Usage;

/// <summary>Reads prices off CSV or JSON, and says of each line what is wrong with it.</summary>
internal static class PriceFile
{
    private const int MaxBytes = 16 * 1024 * 1024;
    private const int MaxReasons = 20;

    // Four times that of all tokens that a number can count is still a decimal.
    private const decimal MaxPrice = 999_999_999.999999m;

    private static readonly string[] _columns =
        ["model", "valid_from", "input", "output", "cache_creation", "cache_read"];

    /// <exception cref="NexusDataException">Something is wrong (validation).</exception>
    public static async Task<IReadOnlyList<ModelPrice>> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var text = await TextAsync(stream, cancellationToken);
        var faults = new List<string>();
        var lines = text.AsSpan().TrimStart() is ['[' or '{', ..] ? FromJson(text, faults) : FromCsv(text, faults);

        var prices = new List<ModelPrice>();
        var places = new Dictionary<(string, DateOnly), string>();
        foreach (var (place, values) in lines)
        {
            try
            {
                var price = PriceOf(values);
                if (!places.TryAdd((price.Model, price.ValidFrom), place))
                {
                    throw Fault($"it is of the same model and day as {places[(price.Model, price.ValidFrom)]}");
                }

                prices.Add(price);
            }
            catch (NexusDataException exception)
            {
                faults.Add($"{place}: {exception.Message.TrimEnd('.')}");
            }
        }

        return faults.Count > 0
            ? throw Fault(
                $"No price was taken. {string.Join("; ", faults.Take(MaxReasons))}"
                + (faults.Count > MaxReasons ? $"; and {faults.Count - MaxReasons} more." : "."))
            : prices.Count > 0 ? prices
            : throw Fault("No price was taken: there is none in the file.");
    }

    private static async Task<string> TextAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[81_920];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > MaxBytes)
            {
                throw Fault("No price was taken: the file has more than 16 MB.");
            }
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true)
                .GetString(bytes.GetBuffer(), 0, (int)bytes.Length).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw Fault("No price was taken: the file is not in UTF-8.");
        }
    }

    private static List<(string Place, Dictionary<string, string> Values)> FromCsv(string text, List<string> faults)
    {
        var lines = new List<(string, Dictionary<string, string>)>();
        var header = default(List<string>);
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(raw) || raw.StartsWith('#'))
            {
                continue;
            }

            if (Fields(raw.TrimEnd('\r')) is not { } fields)
            {
                faults.Add($"line {number}: a quotation mark does not end");
            }
            else if (header is null)
            {
                header = fields.ConvertAll(name => name.Trim().ToLowerInvariant());
                if (!header.Order(StringComparer.Ordinal).SequenceEqual(_columns.Order(StringComparer.Ordinal)))
                {
                    faults.Add($"line {number}: the columns must be {string.Join(',', _columns)}");
                    return [];
                }
            }
            else if (fields.Count != header.Count)
            {
                faults.Add($"line {number}: it has {fields.Count} values, not {header.Count}");
            }
            else
            {
                lines.Add(($"line {number}", header.Zip(fields).ToDictionary(pair => pair.First, pair => pair.Second.Trim())));
            }
        }

        return lines;
    }

    // Null where a quotation mark does not end.
    private static List<string>? Fields(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var letter = line[i];
            if (isQuoted && letter == '"' && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (letter == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (letter == ',' && !isQuoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(letter);
            }
        }

        fields.Add(field.ToString());
        return isQuoted ? null : fields;
    }

    private static List<(string Place, Dictionary<string, string> Values)> FromJson(string text, List<string> faults)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                faults.Add("the JSON is no array");
                return [];
            }

            var items = new List<(string, Dictionary<string, string>)>();
            foreach (var (index, item) in document.RootElement.EnumerateArray().Index())
            {
                var place = $"price {index + 1}";
                if (item.ValueKind != JsonValueKind.Object)
                {
                    faults.Add($"{place}: it is no object");
                    continue;
                }

                var values = new Dictionary<string, string>(StringComparer.Ordinal);
                foreach (var member in item.EnumerateObject())
                {
                    // A number as it is written: no double comes between.
                    values[member.Name] = member.Value.ValueKind == JsonValueKind.String
                        ? member.Value.GetString()!
                        : member.Value.GetRawText();
                }

                items.Add((place, values));
            }

            return items;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            faults.Add(
                exception is JsonException { LineNumber: { } line } ? $"line {line + 1}: it is no JSON" : "it is no JSON");
            return [];
        }
    }

    private static ModelPrice PriceOf(Dictionary<string, string> values)
    {
        if (values.Keys.FirstOrDefault(name => !_columns.Contains(name)) is { } unknown)
        {
            throw Fault($"there is no column '{unknown}'");
        }

        var model = TextField.Required(values.GetValueOrDefault("model"), 100, "model");
        if (model.IndexOf('*', StringComparison.Ordinal) is >= 0 and var asterisk && asterisk < model.Length - 1)
        {
            throw Fault($"'{model}' has an asterisk before its end");
        }

        return new()
        {
            Model = model,
            ValidFrom = DateOnly.TryParseExact(
                values.GetValueOrDefault("valid_from"), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None,
                out var day)
                ? day
                : throw Fault($"'{values.GetValueOrDefault("valid_from")}' is no day such as 2025-09-01"),
            InputPrice = Number(values, "input"),
            OutputPrice = Number(values, "output"),
            CacheCreationPrice = Number(values, "cache_creation"),
            CacheReadPrice = Number(values, "cache_read"),
        };
    }

    private static decimal Number(Dictionary<string, string> values, string column)
        => decimal.TryParse(
                values.GetValueOrDefault(column), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture, out var price)
            && price is >= 0 and <= MaxPrice && decimal.Round(price, 6) == price
            ? price
            : throw Fault($"'{values.GetValueOrDefault(column)}' is no price ({column}): 0 to 999999999, with at most six decimals");

    private static NexusDataException Fault(string message) => new(NexusDataErrorKind.Validation, message);
}
