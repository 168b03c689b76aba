using System.Diagnostics;
using System.Globalization;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Recording;

/// <summary>The sample that hands calls to a queue while its server is stopped twice and killed once.</summary>
[Category("Load")]
public sealed class ProxySimulationTests
{
    [Test]
    public async Task Every_acknowledged_call_is_stored_once_and_linked_as_a_rebuild_links_it()
    {
        var (seconds, rate) = (TestScale.Of(10, 300), TestScale.Of(50, 200));
        using var process = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!,
            [
                "exec", Path.Combine(AppContext.BaseDirectory, "ProxySimulation.dll"),
                seconds.ToString(CultureInfo.InvariantCulture), rate.ToString(CultureInfo.InvariantCulture),
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        await TestContext.Progress.WriteLineAsync(output);
        Assert.Multiple(async () =>
        {
            Assert.That(process.ExitCode, Is.Zero, await error);
            Assert.That(output, Does.Contain("the server is killed").And.Contain("Good."));
            Assert.That(output, Does.Match($@"calls stored +{seconds * rate:N0}, lost 0, none rejected"));
        });
    }
}
