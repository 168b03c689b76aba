using Nexus.Data.Persistence;
using Nexus.Data.Seeding;

namespace Nexus.Data.Tests.Seeding;

public sealed class SeedEnvironmentTests
{
    [TestCase("production", null, null, null, "NEXUS_ENVIRONMENT says production")]
    [TestCase(" Production ", "Development", "Development", "Development", "NEXUS_ENVIRONMENT says production")]
    [TestCase(null, "Production", "Development", "Development", "The environment says production")]
    [TestCase("", " ", "Production", "Development", "DOTNET_ENVIRONMENT says production")]
    [TestCase(null, null, null, "Production", "ASPNETCORE_ENVIRONMENT says production")]
    public void Production_is_refused(string? own, string? host, string? shared, string? web, string said)
        => Assert.That(
            () => Refuse(own, host, shared, web),
            Throws.InstanceOf<NexusDataException>().With.Message.StartsWith(said).And.Message.EndsWith("Leave it.")
                .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Forbidden));

    [TestCase(null)]
    [TestCase(" ")]
    public void What_nobody_names_may_be_production_and_is_refused(string? nothing)
        => Assert.That(
            () => Refuse(nothing, nothing, nothing, nothing),
            Throws.InstanceOf<NexusDataException>().With.Message.StartsWith("Nobody says which environment").And.Message.EndsWith("Say it.")
                .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Forbidden));

    [TestCase("development", "Production", "Production", "Production")]
    [TestCase(null, "Staging", "Production", "Production")]
    [TestCase(null, null, "Staging", "Production")]
    [TestCase(null, null, null, "Development")]
    public void Elsewhere_it_is_not(string? own, string? host, string? shared, string? web)
        => Assert.That(() => Refuse(own, host, shared, web), Throws.Nothing);

    private static void Refuse(string? own, string? host, string? shared, string? web)
        => SeedEnvironment.Refuse(
            HostEnvironment.Of(
                name => name switch
                {
                    "NEXUS_ENVIRONMENT" => own,
                    "DOTNET_ENVIRONMENT" => shared,
                    "ASPNETCORE_ENVIRONMENT" => web,
                    _ => null,
                },
                host),
            "Say it.", "Leave it.");
}
