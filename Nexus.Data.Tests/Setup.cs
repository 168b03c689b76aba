using Nexus.Data.Tests.Fixtures;

[assembly: Parallelizable(ParallelScope.Fixtures)]
[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]

namespace Nexus.Data.Tests;

[SetUpFixture]
public sealed class Setup
{
    [OneTimeTearDown]
    public Task StopServer() => Server.StopAsync();
}
