using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Recording;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Recording;

/// <summary>Records as a service does: by what AddNexusData registers.</summary>
public abstract class RecordingTest : ServiceTest
{
    /// <summary>A folder of the test's own, for a spool.</summary>
    protected string Folder { get; private set; } = "";

    [SetUp]
    public void CreateFolder() => Folder = Directory.CreateTempSubdirectory("nexus-spool").FullName;

    private protected override bool KeepsTotals => true;

    [TearDown]
    public async Task DeleteFolder()
    {
        await DisposeServices();
        Directory.Delete(Folder, recursive: true);
    }

    protected RequestRecorder Recorder(Action<IServiceCollection>? configure = null)
        => Services(configure).GetRequiredService<RequestRecorder>();

    protected async Task<ApiRequest> ReadAsync(Guid requestId)
    {
        await using var db = OpenContext();
        return await db.Requests.AsNoTracking().SingleAsync(row => row.RequestId == requestId);
    }

    protected async Task<List<ApiRequest>> ReadAllAsync()
    {
        await using var db = OpenContext();
        return await db.Requests.AsNoTracking().OrderBy(row => row.Timestamp).ThenBy(row => row.RequestId).ToListAsync();
    }
}
