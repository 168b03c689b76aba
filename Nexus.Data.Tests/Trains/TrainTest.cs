using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Trains;

/// <summary>Trains as a service has them, with a key to protect secrets with.</summary>
public abstract class TrainTest : ServiceTest
{
    protected const string Owner = "ada@example.com";

    /// <summary>The container of the test, with a key of its own.</summary>
    protected ServiceProvider Provider { get; private set; } = null!;

    protected TrainService Trains => Provider.GetRequiredService<TrainService>();

    protected TrainMembers Members => Provider.GetRequiredService<TrainMembers>();

    protected ApiKeyService Keys => Provider.GetRequiredService<ApiKeyService>();

    protected IDbContextFactory<NexusDbContext> Factory
        => Provider.GetRequiredService<IDbContextFactory<NexusDbContext>>();

    [SetUp]
    public void MakeProvider() => Provider = Services(services => services.Configure<CredentialProtectionOptions>(options =>
    {
        options.Keys["test"] = Convert.ToBase64String(new byte[32]);
        options.CurrentKeyId = "test";
    }));

    [TearDown]
    public void DisposeProvider() => Provider.Dispose();

    protected Task<TrainInfo> MakeAsync(string trainId = "rail-club", params string[] furtherOwners)
        => MakeAsync(trainId, Owner, furtherOwners);

    private async Task<TrainInfo> MakeAsync(string trainId, string owner, string[] furtherOwners)
    {
        await Trains.CreateAsync(new() { TrainId = trainId, Name = trainId }, owner);
        foreach (var further in furtherOwners)
        {
            await Members.AddAsync(trainId, further, TrainRole.Owner, owner);
        }

        return (await Trains.FindAsync(trainId))!;
    }
}
