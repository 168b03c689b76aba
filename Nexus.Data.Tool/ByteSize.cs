namespace Nexus.Data.Tool;

/// <summary>Bytes for people.</summary>
internal static class ByteSize
{
    private static readonly string[] _units = ["bytes", "kB", "MB", "GB", "TB"];

    public static string Text(long bytes)
    {
        var unit = 0;
        double size = bytes;
        for (; size >= 1024 && unit < _units.Length - 1; unit++)
        {
            size /= 1024;
        }

        return unit == 0 ? $"{bytes} {_units[0]}" : $"{size:0.#} {_units[unit]}";
    }
}
