using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Nexus.Data.Tests.Fixtures;

/// <summary>Makes contexts of one database, as a host's factory does.</summary>
internal sealed class Contexts(string connectionString, params IInterceptor[] interceptors)
    : IDbContextFactory<NexusDbContext>
{
    public NexusDbContext CreateDbContext() => Server.Open(connectionString, interceptors);
}
