using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Conversations;

/// <summary>A <c>Task</c> or <c>Agent</c> tool use of an answer: a sub-task that may come.</summary>
public sealed class TaskPrompt
{
    /// <summary>The request whose answer holds the tool use.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>The tool use's place among those of the answer, from 0.</summary>
    public required int Ordinal { get; init; }

    /// <summary>The train of the request.</summary>
    public required string TrainId { get; init; }

    /// <summary>The request's time, in UTC.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The tool use's identifier; null where it has none.</summary>
    public string? ToolUseId { get; init; }

    /// <summary>SHA-256 of the prompt as it is compared, 32 bytes.</summary>
    public required byte[] PromptHash { get; init; }

    /// <summary>The request that opened the sub-task; null while none did.</summary>
    public Guid? SubtaskRequestId { get; internal set; }
}

internal sealed class TaskPromptConfiguration : IEntityTypeConfiguration<TaskPrompt>
{
    public void Configure(EntityTypeBuilder<TaskPrompt> builder)
    {
        builder.ToTable("task_prompts", table => table.HasComment("Sub-tasks that answers asked for, one row a tool use."));
        builder.HasKey(prompt => new { prompt.RequestId, prompt.Ordinal }).HasName("task_prompts_pkey");
        builder.Property(prompt => prompt.RequestId).HasComment("The request whose answer holds the tool use.");
        builder.Property(prompt => prompt.Ordinal).ValueGeneratedNever()
            .HasComment("Place among the answer's tool uses, from 0.");
        builder.Property(prompt => prompt.TrainId).HasMaxLength(255).HasComment("The request's train.");
        builder.Property(prompt => prompt.Timestamp).HasComment("The request's time.");
        builder.Property(prompt => prompt.ToolUseId).HasComment("The tool use's identifier.");
        builder.Property(prompt => prompt.PromptHash).HasComment("SHA-256 of the prompt as it is compared.");
        builder.Property(prompt => prompt.SubtaskRequestId).HasComment("The request that opened the sub-task.");

        // The newest tool use with this prompt that nobody took.
        builder.HasIndex(prompt =>
                new { prompt.TrainId, prompt.PromptHash, prompt.Timestamp, prompt.RequestId, prompt.Ordinal })
            .IsDescending(false, false, true, true, false)
            .HasFilter("subtask_request_id IS NULL")
            .HasDatabaseName("idx_task_prompts_open");
    }
}
