using Microsoft.Extensions.Options;

namespace Nexus.Data.Credentials;

/// <summary>When access tokens are refreshed. Checked when the host starts.</summary>
public sealed class AccessTokenOptions
{
    /// <summary>The section these options are bound from by convention.</summary>
    public const string SectionName = "Nexus:Data:Credentials:AccessTokens";

    /// <summary>A token that is good for less is refreshed first; 0 to 1 hour.</summary>
    public TimeSpan RefreshBefore { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>For how long after a failure nobody tries again, in any process; 0 to 1 hour.</summary>
    public TimeSpan FailurePause { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long to wait for a refresh that another process does; 1 second to 10 minutes. More than
    /// <see cref="ExchangeLimit"/>, or who waits gives up before.</summary>
    public TimeSpan WaitLimit { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>
    /// How long an exchange with the issuer may take; 1 second to 5 minutes. The lock of a process that hangs ends ten seconds
    /// later.
    /// </summary>
    public TimeSpan ExchangeLimit { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>Names every option that is out of its range.</summary>
internal sealed class AccessTokenOptionsValidation : IValidateOptions<AccessTokenOptions>
{
    private static readonly TimeSpan _hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    public ValidateOptionsResult Validate(string? name, AccessTokenOptions options)
    {
        var failures = new List<string>();
        Check(nameof(options.RefreshBefore), options.RefreshBefore, TimeSpan.Zero, _hour);
        Check(nameof(options.FailurePause), options.FailurePause, TimeSpan.Zero, _hour);
        Check(nameof(options.WaitLimit), options.WaitLimit, _second, TimeSpan.FromMinutes(10));
        Check(nameof(options.ExchangeLimit), options.ExchangeLimit, _second, TimeSpan.FromMinutes(5));
        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;

        void Check(string property, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                failures.Add($"{property}: it has to be from {least:c} to {most:c}.");
            }
        }
    }
}
