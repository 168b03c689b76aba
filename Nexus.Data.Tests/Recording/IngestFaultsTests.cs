using System.Diagnostics.CodeAnalysis;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;
using Npgsql;

namespace Nexus.Data.Tests.Recording;

/// <summary>Whose fault an error is, where the database's state does not say.</summary>
[SuppressMessage("Usage", "CA2201", Justification = "These stand for the runtime's own.")]
public sealed class IngestFaultsTests
{
    [Test]
    public void What_the_driver_falls_over_when_a_connection_breaks_is_the_databases_fault()
    {
        Exception[] ofDriver = [new NullReferenceException { Source = "Npgsql" }, new ObjectDisposedException("connection") { Source = "Npgsql" }];

        Assert.Multiple(() =>
        {
            Assert.That(ofDriver.Select(TransientFaults.AreIn), Is.All.True);
            Assert.That(ofDriver.Select(IngestFaults.Of), Is.All.EqualTo(IngestFault.Database));
        });
    }

    [Test]
    public void A_fault_of_ours_over_an_entry_is_the_entrys()
        => Assert.That(
            IngestFaults.Of(new NullReferenceException { Source = "Nexus.Data" }), Is.EqualTo(IngestFault.Entry));

    [Test]
    public void What_complains_of_a_connections_state_may_be_eithers()
        => Assert.That(
            IngestFaults.Of(new InvalidOperationException("Transaction is already completed")), Is.EqualTo(IngestFault.Unclear));

    // As EF wraps what it takes for transient.
    [Test]
    public void The_innermost_error_decides()
        => Assert.That(
            IngestFaults.Of(new InvalidOperationException("Likely transient.", new NpgsqlException("It broke.", new IOException()))),
            Is.EqualTo(IngestFault.Database));
}
