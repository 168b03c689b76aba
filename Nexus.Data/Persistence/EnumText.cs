using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Nexus.Data.Persistence;

/// <summary>Writes an enum's members as words in snake case, and the CHECK that allows no other.</summary>
internal static class EnumText<TEnum>
    where TEnum : struct, Enum
{
    private static readonly Dictionary<TEnum, string> _words =
        Enum.GetValues<TEnum>().ToDictionary(value => value, value => PostgresNames.ToSnakeCase(value.ToString()));

    private static readonly Dictionary<string, TEnum> _values = _words.ToDictionary(pair => pair.Value, pair => pair.Key);

    public static ValueConverter<TEnum, string> Converter { get; } = new(value => Stored(value), word => Restored(word));

    public static string Word(TEnum value) => _words[value];

    /// <summary>The word, or the number of what is no member: a compiled model has sentinels so. No other is stored, which the
    /// CHECK sees to.</summary>
    public static string Stored(TEnum value) => _words.TryGetValue(value, out var word) ? word : value.ToString("D");

    /// <summary>What <see cref="Stored"/> was given.</summary>
    public static TEnum Restored(string word) => _values.TryGetValue(word, out var value) ? value : Enum.Parse<TEnum>(word);

    public static TEnum Parse(string word) => _values[word];

    public static string Check(string column) => $"{column} IN ({string.Join(", ", _words.Values.Select(word => $"'{word}'"))})";
}
