using Nexus.Data.Seeding;

namespace Nexus.Data.Tests.Seeding;

public sealed class SeedEnvironmentTests
{
    [TestCase("production", null, "NEXUS_ENVIRONMENT says production")]
    [TestCase(" Production ", "Development", "NEXUS_ENVIRONMENT says production")]
    [TestCase(null, "Production", "The environment says production")]
    [TestCase("", "Production", "The environment says production")]
    public void Production_is_refused(string? own, string? shared, string said)
        => Assert.That(
            () => SeedEnvironment.Refuse(own, shared, "Leave it."),
            Throws.InstanceOf<NexusDataException>().With.Message.StartsWith(said).And.Message.EndsWith("Leave it.")
                .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Forbidden));

    [TestCase("development", "Production")]
    [TestCase(null, "Staging")]
    [TestCase(null, null)]
    public void Elsewhere_it_is_not(string? own, string? shared)
        => Assert.That(() => SeedEnvironment.Refuse(own, shared, "Leave it."), Throws.Nothing);
}
