using System.Reflection;

namespace Nexus.Data.Persistence.Migrations;

/// <summary>The scripts of the migrations, which assemblies carry as resources.</summary>
internal static class MigrationScripts
{
    /// <summary>The text of a script.</summary>
    public static string Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"There is no script '{name}'.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
