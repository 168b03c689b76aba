using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Requests;

/// <summary>One event of a streamed answer, as it arrived.</summary>
public sealed class StreamingChunk
{
    /// <summary>Given by the database when the chunk is saved.</summary>
    public int Id { get; init; }

    /// <summary>The request whose answer was streamed; the chunk goes when the request goes.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>The event's place in the stream, from 0, once for each request.</summary>
    public required int ChunkIndex { get; init; }

    /// <summary>When the event arrived.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The event's JSON text.</summary>
    public required string Data { get; init; }

    /// <summary>Output tokens that the event reports; 0 where it reports none.</summary>
    public int? TokenCount { get; init; }

    /// <summary>When the row was written; the database's clock where nothing is given.</summary>
    public DateTimeOffset? CreatedAt { get; init; }
}

internal sealed class StreamingChunkConfiguration : IEntityTypeConfiguration<StreamingChunk>
{
    public const string OncePerRequest = "streaming_chunks_request_id_chunk_index_key";

    public void Configure(EntityTypeBuilder<StreamingChunk> builder)
    {
        builder.ToTable("streaming_chunks", table => table.HasComment("Events of streamed answers, one a row."));
        builder.HasKey(chunk => chunk.Id).HasName("streaming_chunks_pkey");
        builder.Property(chunk => chunk.Id).UseSerialColumn().HasComment("Row number, given by the database.");
        builder.Property(chunk => chunk.RequestId).HasComment("The request whose answer was streamed.");
        builder.Property(chunk => chunk.ChunkIndex).HasComment("Place in the stream, from 0.");
        builder.Property(chunk => chunk.Timestamp).HasComment("When the event arrived.");
        builder.Property(chunk => chunk.Data).HasComment("The event as JSON text.");
        builder.Property(chunk => chunk.TokenCount).HasDefaultValue(0)
            .HasComment("Output tokens that the event reports.");
        builder.Property(chunk => chunk.CreatedAt).HasDefaultValueSql("now()").HasComment("When the row was written.");

        builder.HasOne<ApiRequest>().WithMany().HasForeignKey(chunk => chunk.RequestId)
            .OnDelete(DeleteBehavior.Cascade)
            .HasConstraintName("streaming_chunks_request_id_fkey");
        builder.HasIndex(chunk => new { chunk.RequestId, chunk.ChunkIndex }, OncePerRequest)
            .IsUnique().HasDatabaseName(OncePerRequest);

        // Repeats the unique rule's own index: kept because the databases in the field have it.
        builder.HasIndex(chunk => new { chunk.RequestId, chunk.ChunkIndex }, "idx_streaming_chunks_request_id")
            .HasDatabaseName("idx_streaming_chunks_request_id");
    }
}
