using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Analyses;

/// <summary>What a model said about a branch of a conversation, or the order to ask it.</summary>
public sealed class ConversationAnalysis
{
    /// <summary>Given by the database when the analysis is saved.</summary>
    public long Id { get; init; }

    /// <summary>The conversation. No foreign key: conversations have no table.</summary>
    public required Guid ConversationId { get; init; }

    /// <summary>The branch; a branch has one analysis.</summary>
    public string BranchId { get; init; } = "main";

    /// <summary>The conversation's train, by the name that requests carry; null where no request names it.</summary>
    public string? TrainId { get; init; }

    /// <summary>How far it is.</summary>
    public ConversationAnalysisStatus Status { get; set; }

    /// <summary>The model that is asked.</summary>
    public string? ModelUsed { get; set; }

    /// <summary>The answer as text; null until it is completed.</summary>
    public string? AnalysisContent { get; set; }

    /// <summary>The answer's parts, as JSON text.</summary>
    public string? AnalysisData { get; set; }

    /// <summary>What the model sent, as JSON text.</summary>
    public string? RawResponse { get; set; }

    /// <summary>Why it failed; null otherwise.</summary>
    public string? ErrorMessage { get; set; }

    /// <summary>How often it was tried again; null counts as 0.</summary>
    public int? RetryCount { get; set; }

    /// <summary>When the answer was written.</summary>
    public DateTimeOffset? GeneratedAt { get; set; }

    /// <summary>How long the model took, in milliseconds.</summary>
    public int? ProcessingDurationMs { get; set; }

    /// <summary>Tokens of the question.</summary>
    public int? PromptTokens { get; set; }

    /// <summary>Tokens of the answer.</summary>
    public int? CompletionTokens { get; set; }

    /// <summary>When it was ordered; the database's clock where nothing is given.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the row was last changed. A trigger writes it, so a value of one's own is not kept.</summary>
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>When it was completed or given up.</summary>
    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>What the person who ordered it wanted to know; null for the usual question.</summary>
    public string? CustomPrompt { get; set; }

    /// <summary>Not before this time a worker takes it; the database's clock where nothing is given.</summary>
    public DateTimeOffset DueAt { get; set; }

    /// <summary>What the worker that is at it shows when it is done; null while none is.</summary>
    public Guid? LeaseId { get; set; }

    /// <summary>Who that worker is, for people.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>Until when it is that worker's; another may take it afterwards.</summary>
    public DateTimeOffset? LeaseExpiresAt { get; set; }
}

internal sealed class ConversationAnalysisConfiguration : IEntityTypeConfiguration<ConversationAnalysis>
{
    public const string OncePerBranch = "conversation_analyses_conversation_id_branch_id_key";

    public void Configure(EntityTypeBuilder<ConversationAnalysis> builder)
    {
        builder.ToTable("conversation_analyses", table
            => table.HasComment("Analyses of conversations, done or ordered."));
        builder.HasKey(analysis => analysis.Id).HasName("conversation_analyses_pkey");
        builder.Property(analysis => analysis.Id).UseSerialColumn().HasComment("Row number, given by the database.");
        builder.Property(analysis => analysis.ConversationId).HasComment("The conversation.");
        builder.Property(analysis => analysis.BranchId).HasMaxLength(255).HasDefaultValue("main")
            .HasComment("The branch of the conversation.");
        builder.Property(analysis => analysis.TrainId).HasMaxLength(255).HasComment("The conversation's train.");
        builder.Property(analysis => analysis.Status).HasDefaultValue(ConversationAnalysisStatus.Pending)
            .HasComment("How far the analysis is.");
        builder.Property(analysis => analysis.ModelUsed).HasMaxLength(255).HasDefaultValue("gemini-2.5-pro")
            .HasComment("The model that is asked.");
        builder.Property(analysis => analysis.AnalysisContent).HasComment("The answer as text.");
        builder.Property(analysis => analysis.AnalysisData).HasColumnType("jsonb").HasComment("The answer's parts.");
        builder.Property(analysis => analysis.RawResponse).HasColumnType("jsonb").HasComment("What the model sent.");
        builder.Property(analysis => analysis.ErrorMessage).HasComment("Why the analysis failed.");
        builder.Property(analysis => analysis.RetryCount).HasDefaultValue(0)
            .HasComment("How often it was tried again.");
        builder.Property(analysis => analysis.GeneratedAt).HasComment("When the answer was written.");
        builder.Property(analysis => analysis.ProcessingDurationMs)
            .HasComment("How long the model took, in milliseconds.");
        builder.Property(analysis => analysis.PromptTokens).HasComment("Tokens of the question.");
        builder.Property(analysis => analysis.CompletionTokens).HasComment("Tokens of the answer.");
        builder.Property(analysis => analysis.CreatedAt).HasDefaultValueSql("now()")
            .HasComment("When the analysis was ordered.");
        builder.Property(analysis => analysis.UpdatedAt).HasDefaultValueSql("now()").ValueGeneratedOnAddOrUpdate()
            .HasComment("When the row was last changed; a trigger writes it.");
        builder.Property(analysis => analysis.CompletedAt).HasComment("When the analysis was completed or given up.");
        builder.Property(analysis => analysis.CustomPrompt)
            .HasComment("What the person who ordered it wanted to know.");
        builder.Property(analysis => analysis.DueAt).HasDefaultValueSql("now()")
            .HasComment("Not before this time a worker takes it.");
        builder.Property(analysis => analysis.LeaseId)
            .HasComment("What the worker that is at it shows when it is done.");
        builder.Property(analysis => analysis.LeaseOwner).HasMaxLength(255).HasComment("Who that worker is.");
        builder.Property(analysis => analysis.LeaseExpiresAt).HasComment("Until when it is that worker's.");

        builder.HasIndex(analysis => new { analysis.ConversationId, analysis.BranchId }, OncePerBranch)
            .IsUnique().HasDatabaseName(OncePerBranch);
        builder.HasIndex(analysis => analysis.Status)
            .HasFilter("status = 'pending'::conversation_analysis_status")
            .HasDatabaseName("idx_conversation_analyses_status");
        builder.HasIndex(analysis => new { analysis.DueAt, analysis.Id })
            .HasFilter("status = 'pending'::conversation_analysis_status")
            .HasDatabaseName("idx_conversation_analyses_due");
        builder.HasIndex(analysis => analysis.LeaseExpiresAt)
            .HasFilter("status = 'processing'::conversation_analysis_status")
            .HasDatabaseName("idx_conversation_analyses_lease");
        builder.HasIndex(analysis => new { analysis.Status, analysis.Id })
            .HasDatabaseName("idx_conversation_analyses_status_id");
        builder.HasIndex(analysis => new { analysis.TrainId, analysis.Id })
            .HasDatabaseName("idx_conversation_analyses_train");

        // Repeats the unique rule's own index: kept because the databases in the field have it. They also have
        // idx_conversation_analyses_has_custom_prompt, over an expression that a model cannot hold.
        builder.HasIndex(
                analysis => new { analysis.ConversationId, analysis.BranchId },
                "idx_conversation_analyses_conversation")
            .HasDatabaseName("idx_conversation_analyses_conversation");
    }
}
