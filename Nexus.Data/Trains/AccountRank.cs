using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Trains;

/// <summary>Which of its accounts a train takes first: the same one always, and trains with the same accounts take different
/// ones.</summary>
internal static class AccountRank
{
    /// <summary>Accounts in the order in which they are tried.</summary>
    public static IOrderedEnumerable<T> ByRank<T>(this IEnumerable<T> accounts, string trainId, Func<T, string> name)
        => accounts.OrderByDescending(account => Score(trainId, name(account))).ThenBy(name, StringComparer.Ordinal);

    public static ulong Score(string trainId, string accountName)
        => BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{trainId}::{accountName}")));
}
