using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Nexus.Data.Credentials;

/// <summary>
/// The advisory lock of whoever refreshes a credential. It has two numbers, and all others of the library have one of 64
/// bits: the server keeps the two kinds apart.
/// </summary>
internal static class CredentialLock
{
    /// <summary>The first number: "nxoa".</summary>
    public const int Space = 0x6E78_6F61;

    /// <summary>The second number. Two credentials with the same one wait for each other, and that is all.</summary>
    public static int KeyOf(Guid credentialId)
        => BinaryPrimitives.ReadInt32BigEndian(SHA256.HashData(credentialId.ToByteArray(bigEndian: true)));

    /// <summary>
    /// Waits for the lock, and reads the row by a snapshot that is younger than it. The server ends a transaction that has
    /// the lock and does nothing for too long, for its process may hang. Where tokens could not be stored (a standby, a disk
    /// that is full, a missing right) it fails here: what cannot be stored must not be asked for. What that locks is given back.
    /// </summary>
    public static string TakeAndRead(Guid credentialId, TimeSpan waitLimit, TimeSpan idleLimit)
        => string.Create(
            CultureInfo.InvariantCulture,
            $"""
            SET LOCAL statement_timeout = 0;
            SET LOCAL lock_timeout = {(long)waitLimit.TotalMilliseconds};
            SET LOCAL idle_in_transaction_session_timeout = {(long)idleLimit.TotalMilliseconds};
            SELECT pg_advisory_xact_lock({Space}, {KeyOf(credentialId)});
            SAVEPOINT nexus_may_store;
            {CredentialStatements.MayStore};
            ROLLBACK TO SAVEPOINT nexus_may_store;
            {CredentialStatements.ById}
            """);
}
