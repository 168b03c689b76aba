using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace Nexus.Data.Persistence;

/// <summary>Which errors may be gone at the next try: the server restarts, the connection broke, two deadlocked.</summary>
internal static class TransientFaults
{
    public static bool AreIn(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is PostgresException { SqlState: var state, IsTransient: var isTransient })
            {
                return isTransient || state is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown;
            }

            // Where a connection breaks between two results of a command, Npgsql 10 falls over the one that it has not any more.
            if (cause is NullReferenceException or ObjectDisposedException && cause.Source == "Npgsql")
            {
                return true;
            }

            if (cause is NexusDataException { Kind: NexusDataErrorKind.Unavailable }
                or DbException { IsTransient: true } or SocketException or IOException or TimeoutException)
            {
                return true;
            }
        }

        return false;
    }
}
