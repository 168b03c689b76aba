using Microsoft.Extensions.Options;

namespace Nexus.Data.Persistence;

/// <summary>Tells of a connection string that cannot be read when the host starts, without its secrets.</summary>
internal sealed class NexusDataOptionsValidation : IValidateOptions<NexusDataOptions>
{
    public ValidateOptionsResult Validate(string? name, NexusDataOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.ConnectionString))
        {
            // Told by its attribute.
            return ValidateOptionsResult.Skip;
        }

        try
        {
            ConnectionStrings.Parse(options.ConnectionString);
            return ValidateOptionsResult.Success;
        }
        catch (NexusDataException exception)
        {
            return ValidateOptionsResult.Fail($"{nameof(NexusDataOptions.ConnectionString)}: {exception.Message}");
        }
    }
}
