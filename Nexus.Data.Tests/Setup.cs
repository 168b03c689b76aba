using Nexus.Data.Tests;
using Nexus.Data.Tests.Fixtures;
using NUnit.Framework.Internal;

[assembly: Parallelizable(ParallelScope.Fixtures)]
[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[assembly: Workers]

namespace Nexus.Data.Tests;

[SetUpFixture]
public sealed class Setup
{
    [OneTimeTearDown]
    public Task StopServer() => Server.StopAsync();
}

/// <summary>How many fixtures run at once: half as many again as there are processors, since tests wait for the server and for programs that they
/// start.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class WorkersAttribute() : PropertyAttribute(PropertyNames.LevelOfParallelism, Math.Max(2, Environment.ProcessorCount * 3 / 2));
