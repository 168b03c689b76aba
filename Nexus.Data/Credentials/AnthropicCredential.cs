using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Credentials;

/// <summary>An account at the model's provider, with the OAuth tokens that open it.</summary>
public sealed class AnthropicCredential
{
    /// <summary>Primary key.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>The account's identifier; unique, and what <c>api_requests.account_id</c> holds.</summary>
    public required string AccountId { get; init; }

    /// <summary>The name that people read; unique.</summary>
    public required string AccountName { get; set; }

    /// <summary>The token that calls carry, as it is stored: protected, or in clear where it never was. A secret.</summary>
    public required string OauthAccessToken { get; set; }

    /// <summary>The token that gets the next access token, stored in the same way. A secret.</summary>
    public required string OauthRefreshToken { get; set; }

    /// <summary>The access token's last four characters, for people to tell tokens apart; null where it is too short to show
    /// any.</summary>
    public string? OauthTokenSuffix { get; set; }

    /// <summary>When the access token ceases to be taken.</summary>
    public required DateTimeOffset OauthExpiresAt { get; set; }

    /// <summary>What the tokens allow.</summary>
    public required string[] OauthScopes { get; set; }

    /// <summary>Whether the account is on a Max plan; null counts as yes.</summary>
    public bool? OauthIsMax { get; set; }

    /// <summary>When the account was added; the database's clock where nothing is given.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When the row was last changed; whoever changes it says so.</summary>
    public DateTimeOffset? UpdatedAt { get; set; }

    /// <summary>When the tokens were last exchanged; null until then.</summary>
    public DateTimeOffset? LastRefreshAt { get; set; }

    /// <summary>When the last exchange failed; null where it did not.</summary>
    public DateTimeOffset? RefreshFailedAt { get; set; }

    /// <summary>Why it failed, in a word of the token server; never a secret.</summary>
    public string? RefreshFailure { get; set; }
}

internal sealed class AnthropicCredentialConfiguration : IEntityTypeConfiguration<AnthropicCredential>
{
    public const string UniqueAccountId = "anthropic_credentials_account_id_key";
    public const string UniqueAccountName = "anthropic_credentials_account_name_key";

    public void Configure(EntityTypeBuilder<AnthropicCredential> builder)
    {
        builder.ToTable("anthropic_credentials", table => table.HasComment("Accounts and the tokens that open them."));
        builder.HasKey(credential => credential.Id).HasName("anthropic_credentials_pkey");
        builder.Property(credential => credential.Id).HasDefaultValueSql("gen_random_uuid()")
            .HasComment("Primary key.");
        builder.Property(credential => credential.AccountId).HasMaxLength(255)
            .HasComment("The account's identifier, as requests name it.");
        builder.Property(credential => credential.AccountName).HasMaxLength(255)
            .HasComment("The name that people read.");
        builder.Property(credential => credential.OauthAccessToken).HasComment("The token that calls carry; a secret.");
        builder.Property(credential => credential.OauthRefreshToken)
            .HasComment("The token that gets the next access token; a secret.");
        builder.Property(credential => credential.OauthTokenSuffix).HasMaxLength(4)
            .HasComment("The access token's last characters.");
        builder.Property(credential => credential.OauthExpiresAt)
            .HasComment("When the access token ceases to be taken.");
        builder.Property(credential => credential.OauthScopes).HasComment("What the tokens allow.");
        builder.Property(credential => credential.OauthIsMax).HasDefaultValue(true)
            .HasComment("Whether the account is on a Max plan.");
        builder.Property(credential => credential.CreatedAt).HasDefaultValueSql("now()")
            .HasComment("When the account was added.");
        builder.Property(credential => credential.UpdatedAt).HasDefaultValueSql("now()")
            .HasComment("When the row was last changed.");
        builder.Property(credential => credential.LastRefreshAt).HasComment("When the tokens were last exchanged.");
        builder.Property(credential => credential.RefreshFailedAt)
            .HasComment("When the last exchange failed; null where it did not.");
        builder.Property(credential => credential.RefreshFailure).HasMaxLength(255).HasComment("Why it failed.");

        builder.HasIndex(credential => credential.AccountId, UniqueAccountId)
            .IsUnique().HasDatabaseName(UniqueAccountId);
        builder.HasIndex(credential => credential.AccountName).IsUnique().HasDatabaseName(UniqueAccountName);

        // Repeats the unique rule's own index: kept because the databases in the field have it.
        builder.HasIndex(credential => credential.AccountId, "idx_credentials_account_id")
            .HasDatabaseName("idx_credentials_account_id");
    }
}
