namespace Nexus.Data.Usage;

/// <summary>What an import did to the table of prices.</summary>
/// <param name="Added">Prices that are new.</param>
/// <param name="Changed">Prices that were there for the same name and day, and are others now.</param>
/// <param name="Unchanged">Prices that were there already.</param>
public sealed record PriceImportReport(int Added, int Changed, int Unchanged);
