using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Trains;

/// <summary>A tenant of the proxy: whose requests are kept apart, and where its notices go.</summary>
public sealed class Train
{
    /// <summary>Primary key.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>The name in requests and addresses; unique, and what <c>api_requests.train_id</c> holds.</summary>
    public required string TrainId { get; init; }

    /// <summary>The name that people read.</summary>
    public required string Name { get; set; }

    /// <summary>What the train is for; null where nobody said.</summary>
    public string? Description { get; set; }

    /// <summary>Whether notices go to Slack; null counts as no.</summary>
    public bool? SlackEnabled { get; set; }

    /// <summary>Where Slack takes notices, as it is stored: protected, or in clear where it never was. Whoever has it can
    /// post: a secret.</summary>
    public string? SlackWebhookUrl { get; set; }

    /// <summary>The Slack channel, where it is not the webhook's own.</summary>
    public string? SlackChannel { get; set; }

    /// <summary>The name that Slack shows as the sender.</summary>
    public string? SlackUsername { get; set; }

    /// <summary>The emoji that Slack shows beside the sender.</summary>
    public string? SlackIconEmoji { get; set; }

    /// <summary>When the train ceased to take part: its keys count for nothing then. Null while it does.</summary>
    public DateTimeOffset? DisabledAt { get; set; }

    /// <summary>When the train was made; the database's clock where nothing is given.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When the train was last changed; whoever changes it says so.</summary>
    public DateTimeOffset? UpdatedAt { get; set; }
}

internal sealed class TrainConfiguration : IEntityTypeConfiguration<Train>
{
    public const string UniqueTrainId = "trains_train_id_key";

    public void Configure(EntityTypeBuilder<Train> builder)
    {
        builder.ToTable("trains", table => table.HasComment("Tenants of the proxy."));
        builder.HasKey(train => train.Id).HasName("trains_pkey");
        builder.Property(train => train.Id).HasDefaultValueSql("gen_random_uuid()").HasComment("Primary key.");
        builder.Property(train => train.TrainId).HasMaxLength(255)
            .HasComment("The train's name in requests and addresses.");
        builder.Property(train => train.Name).HasMaxLength(255).HasComment("The name that people read.");
        builder.Property(train => train.Description).HasComment("What the train is for.");
        builder.Property(train => train.SlackEnabled).HasDefaultValue(false)
            .HasComment("Whether notices go to Slack.");
        builder.Property(train => train.SlackWebhookUrl).HasComment("Where Slack takes notices; a secret.");
        builder.Property(train => train.SlackChannel).HasMaxLength(255)
            .HasComment("The Slack channel, where it is not the webhook's own.");
        builder.Property(train => train.SlackUsername).HasMaxLength(255)
            .HasComment("The name that Slack shows as the sender.");
        builder.Property(train => train.SlackIconEmoji).HasMaxLength(255)
            .HasComment("The emoji that Slack shows beside the sender.");
        builder.Property(train => train.DisabledAt)
            .HasComment("When the train ceased to take part: its keys count for nothing then.");
        builder.Property(train => train.CreatedAt).HasDefaultValueSql("now()").HasComment("When the train was made.");
        builder.Property(train => train.UpdatedAt).HasDefaultValueSql("now()")
            .HasComment("When the train was last changed.");

        builder.HasIndex(train => train.TrainId, UniqueTrainId).IsUnique().HasDatabaseName(UniqueTrainId);

        // Repeats the unique rule's own index: kept because the databases in the field have it.
        builder.HasIndex(train => train.TrainId, "idx_trains_train_id").HasDatabaseName("idx_trains_train_id");
    }
}
