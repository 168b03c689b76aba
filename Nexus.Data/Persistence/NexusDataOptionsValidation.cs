using Microsoft.Extensions.Options;

namespace Nexus.Data.Persistence;

/// <summary>Tells of a connection string that cannot be read when the host starts, without its secrets.</summary>
internal sealed class NexusDataOptionsValidation : IValidateOptions<NexusDataOptions>
{
    public ValidateOptionsResult Validate(string? name, NexusDataOptions options)
    {
        const string connectionString = nameof(NexusDataOptions.ConnectionString);
        const string dataSource = nameof(NexusDataOptions.DataSource);
        switch (string.IsNullOrWhiteSpace(options.ConnectionString), options.DataSource)
        {
            case (true, null):
                return ValidateOptionsResult.Fail(
                    $"{connectionString} is empty, and there is no {dataSource}: give one of them, in code or in the section "
                    + $"{NexusDataOptions.SectionName}.");
            case (false, not null):
                return ValidateOptionsResult.Fail($"There are a {connectionString} and a {dataSource}: give one of them.");
            case (true, not null):
                return ValidateOptionsResult.Success;
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
