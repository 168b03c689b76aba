using System.Diagnostics.Metrics;

namespace Nexus.Data.Recording;

/// <summary>What a queue tells of itself.</summary>
internal sealed class IngestMetrics : IDisposable
{
    private readonly Meter _meter = new(NexusDataTelemetry.MeterName);

    public IngestMetrics(RequestIngestQueue queue)
    {
        _meter.CreateObservableGauge("nexus.data.ingest.depth", () => queue.Depth, "{entry}", "Entries that wait.");
        _meter.CreateObservableGauge("nexus.data.ingest.spool", () => queue.SpoolBytes, "By", "Bytes of the spool.");
        _meter.CreateObservableGauge(
            "nexus.data.ingest.lag", () => queue.Lag.TotalSeconds, "s", "How long the oldest entry waits.");
        Stored = _meter.CreateCounter<long>("nexus.data.ingest.stored", "{entry}", "Entries that were stored.");
        Rejected = _meter.CreateCounter<long>(
            "nexus.data.ingest.rejected", "{entry}", "Entries that could not be stored and went to the rejects.");
        Dropped = _meter.CreateCounter<long>(
            "nexus.data.ingest.dropped", "{entry}", "Entries whose bodies were dropped because the spool was full.");
        Retries = _meter.CreateCounter<long>(
            "nexus.data.ingest.retries", "{batch}", "Batches that are tried again because of the database.");
        EnqueueDuration = _meter.CreateHistogram<double>(
            "nexus.data.ingest.enqueue.duration", "s", "How long callers wait for the spool.");
        BatchDuration = _meter.CreateHistogram<double>(
            "nexus.data.ingest.batch.duration", "s", "How long it takes to store a batch.");
        BatchSize = _meter.CreateHistogram<long>("nexus.data.ingest.batch.size", "{entry}", "Entries of a batch.");
    }

    public Counter<long> Stored { get; }

    public Counter<long> Rejected { get; }

    public Counter<long> Dropped { get; }

    public Counter<long> Retries { get; }

    public Histogram<double> EnqueueDuration { get; }

    public Histogram<double> BatchDuration { get; }

    public Histogram<long> BatchSize { get; }

    public void Dispose() => _meter.Dispose();
}
