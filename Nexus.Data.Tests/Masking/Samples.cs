using Nexus.Data.Masking;

namespace Nexus.Data.Tests.Masking;

/// <summary>Secrets that are none: right in form, nobody's, and written in pieces for scanners.</summary>
internal static class Samples
{
    public const string Train = "train-a";

    public const string Anthropic = "sk-" + "ant-api03-Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0_-Uv1Wx2";
    public const string Jwt = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ"
        + "zdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
    public const string Card = "4111" + "111111111111";
    public const string Email = "jane.doe+tag@example.com";
    public const string AwsSecret = "wJalrXUtnFEMI/" + "K7MDENG/bPxRfiCYEXAMPLEKEY";

    public const string Pem =
        "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx1Qz\nq7b8=\n-----END RSA PRIVATE KEY-----";

    public static readonly string[] ApiKeys =
    [
        Anthropic,
        "sk-" + "ant-oat01-abcdefghijklmnop",
        "sk-" + "proj-Ab1Cd2Ef3Gh4Ij5Kl6Mn7-Op8_Qr9",
        "sk-" + "abcdefghij0123456789",
        "sk-" + "or-v1-0123456789abcdef0123456789abcdef",
        "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ASIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "0123456789abcdefABCDEF0123456789abcd",
        "gho_" + "0123456789abcdefABCDEF0123456789abcd",
        "ghu_" + "0123456789abcdefABCDEF0123456789abcd",
        "ghs_" + "0123456789abcdefABCDEF0123456789abcd",
        "ghr_" + "0123456789abcdefABCDEF0123456789abcd",
        "github_" + "pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789",
        "glpat-" + "abcdEFGH1234ijklMNOP",
        "xoxb-" + "123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
        "xoxp-" + "123456789012-123456789012-abcdef0123456789",
        "xapp-" + "1-A0123456789-1234567890123-abcdef0123456789",
        "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
        "rk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
        "whsec_" + "abcdefghijklmnopqrstuvwxyz012345",
        "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH",
        "npm_" + "abcdefghijklmnopqrstuvwxyz0123456789",
        "cnp_" + "live_abcdefghijklmnopqrstuvwxyz012345",
    ];

    /// <summary>A masker for everything there is.</summary>
    public static SecretMasker All(Action<MaskingOptions>? configure = null)
    {
        var options = new MaskingOptions
        {
            EmailAddresses = MaskingAction.Mask,
            CardNumbers = MaskingAction.Mask,
        };
        configure?.Invoke(options);
        return new SecretMasker(options);
    }
}
