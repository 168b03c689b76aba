using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Nexus.Data.Usage;

/// <summary>What the tokens of a model cost from a day on. The host fills in the table, in one currency of its choice.</summary>
public sealed class ModelPrice
{
    /// <summary>The model's name; with an asterisk at its end, that of all models that begin so. The longest name that fits
    /// a request's model counts.</summary>
    public required string Model { get; init; }

    /// <summary>The day from whose beginning in UTC the price holds, until the next price of the same name.</summary>
    public required DateOnly ValidFrom { get; init; }

    /// <summary>The price of a million tokens read, without the cache's.</summary>
    public required decimal InputPrice { get; init; }

    /// <summary>The price of a million tokens written.</summary>
    public required decimal OutputPrice { get; init; }

    /// <summary>The price of a million tokens put into the cache.</summary>
    public required decimal CacheCreationPrice { get; init; }

    /// <summary>The price of a million tokens from the cache.</summary>
    public required decimal CacheReadPrice { get; init; }
}

internal sealed class ModelPriceConfiguration : IEntityTypeConfiguration<ModelPrice>
{
    private const string Price = "numeric(18,6)";

    public void Configure(EntityTypeBuilder<ModelPrice> builder)
    {
        builder.ToTable("model_prices", table =>
        {
            table.HasComment("What a million tokens of a model cost from a day on.");
            table.HasCheckConstraint(
                "model_prices_check",
                "input_price >= 0 AND output_price >= 0 AND cache_creation_price >= 0 AND cache_read_price >= 0");
        });
        builder.HasKey(price => new { price.Model, price.ValidFrom }).HasName("model_prices_pkey");
        builder.Property(price => price.Model).HasMaxLength(100)
            .HasComment("The model; with an asterisk at its end, all models that begin so.");
        builder.Property(price => price.ValidFrom).HasComment("Day from whose beginning in UTC the price holds.");
        builder.Property(price => price.InputPrice).HasColumnType(Price).HasComment("Price of tokens read.");
        builder.Property(price => price.OutputPrice).HasColumnType(Price).HasComment("Price of tokens written.");
        builder.Property(price => price.CacheCreationPrice).HasColumnType(Price)
            .HasComment("Price of tokens put into the cache.");
        builder.Property(price => price.CacheReadPrice).HasColumnType(Price).HasComment("Price of tokens from the cache.");
    }
}
