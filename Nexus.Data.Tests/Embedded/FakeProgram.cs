using System.Runtime.Versioning;

namespace Nexus.Data.Tests.Embedded;

/// <summary>A shell script that stands in for a program.</summary>
[UnsupportedOSPlatform("windows")]
internal static class FakeProgram
{
    public static void Create(string path, string script)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
