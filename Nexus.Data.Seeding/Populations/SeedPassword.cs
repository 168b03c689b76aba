using System.Security.Cryptography;
using System.Text;
using Nexus.Data.Chats;

namespace Nexus.Data.Seeding.Populations;

/// <summary>The password of people who are made up. Everybody may know it, so they have no place in production.</summary>
public static class SeedPassword
{
    /// <summary>The password.</summary>
    public const string Value = "password123";

    /// <summary>What it is verified by: the same text each time, since its salt follows from the password. A salt hides that two people
    /// have the same password, which is no secret here.</summary>
    /// <param name="password">The password.</param>
    internal static string Hash(string password = Value)
        => new PasswordHasher().Hash(password, SHA256.HashData(Encoding.UTF8.GetBytes($"seed:{password}"))[..16]);
}
