using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Nexus.Data.Persistence;

/// <summary>Writes an enum's members as words in snake case, and the CHECK that allows no other.</summary>
internal static class EnumText<TEnum>
    where TEnum : struct, Enum
{
    private static readonly Dictionary<TEnum, string> _words =
        Enum.GetValues<TEnum>().ToDictionary(value => value, value => PostgresNames.ToSnakeCase(value.ToString()));

    private static readonly Dictionary<string, TEnum> _values = _words.ToDictionary(pair => pair.Value, pair => pair.Key);

    public static ValueConverter<TEnum, string> Converter { get; } = new(value => Word(value), word => Parse(word));

    public static string Word(TEnum value) => _words[value];

    public static TEnum Parse(string word) => _values[word];

    public static string Check(string column) => $"{column} IN ({string.Join(", ", _words.Values.Select(word => $"'{word}'"))})";
}
