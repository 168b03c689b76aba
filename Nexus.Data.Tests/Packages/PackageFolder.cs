namespace Nexus.Data.Tests.Packages;

[SetUpFixture]
public sealed class PackageFolder
{
    [OneTimeTearDown]
    public static void Delete() => Feed.Delete();
}
