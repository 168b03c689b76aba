using System.Diagnostics;
using System.Text.Json;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Tests.Conversations.Hashing;

/// <summary>
/// The library's hashes beside those of <c>reference-hashes.js</c>, which has the same rules in the language that the
/// original is written in.
/// </summary>
public sealed class JavaScriptComparisonTests
{
    private const int Messages = 10_000;

    [Test]
    public async Task Ten_thousand_generated_messages_hash_as_in_JavaScript()
    {
        var bodies = Generate();
        var expected = await RunNodeAsync(bodies);

        Assert.That(expected, Has.Length.EqualTo(bodies.Count));
        foreach (var name in new[] { "current", "parent", "system", "stable", "link", "opening", "next", "compatible" })
        {
            var given = expected.Count(answer => answer.Contains($"\"{name}\":\"", StringComparison.Ordinal));
            Assert.That(given, Is.GreaterThan(100), $"answers with {name}");
        }

        Assert.Multiple(() =>
        {
            var differences = 0;
            for (var index = 0; index < bodies.Count && differences < 5; index++)
            {
                var actual = Describe(RequestHasher.Hash(bodies[index]));
                if (actual != expected[index])
                {
                    differences++;
                    Assert.That(actual, Is.EqualTo(expected[index]), System.Text.Encoding.UTF8.GetString(bodies[index]));
                }
            }
        });
    }

    private static List<byte[]> Generate()
    {
        var generator = new BodyGenerator(seed: 20250901);
        var random = new Random(7);
        var bodies = new List<byte[]>();
        for (var messages = 0; messages < Messages;)
        {
            var count = 1 + random.Next(9);
            bodies.Add(generator.Body(count).ToUtf8(random));
            messages += count;
        }

        return bodies;
    }

    // The names and their order are those of the script's answers.
    private static string Describe(RequestHashes hashes) => JsonSerializer.Serialize(new
    {
        current = hashes.CurrentMessageHash,
        parent = hashes.ParentMessageHash,
        grandparent = hashes.GrandparentMessageHash,
        kept = hashes.KeptMessages,
        system = hashes.SystemHash,
        stable = Hex(hashes.StableSystemHash),
        link = Hex(hashes.LinkHash),
        counted = hashes.CountedMessages,
        first = Hex(hashes.FirstMessageHash),
        opening = Hex(hashes.OpeningTextHash),
        prefixes = hashes.Prefixes.Select(prefix => new
        {
            link = Hex(prefix.LinkHash),
            counted = prefix.CountedMessages,
            after = prefix.AnswersAfter,
            next = Hex(prefix.NextAnswerHash),
            compatible = prefix.CompatibleHash,
        }),
    });

    private static string? Hex(byte[]? hash) => hash is null ? null : Convert.ToHexStringLower(hash);

    private static async Task<string[]> RunNodeAsync(List<byte[]> bodies)
    {
        var script = Path.Combine(
            TestContext.CurrentContext.TestDirectory, "Conversations", "Hashing", "reference-hashes.js");
        using var node = new Process
        {
            StartInfo = new ProcessStartInfo("node", [script])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            },
        };
        try
        {
            node.Start();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("node is not on PATH, so there is no JavaScript to compare with.");
        }

        var answers = node.StandardOutput.ReadToEndAsync();
        foreach (var body in bodies)
        {
            await node.StandardInput.WriteLineAsync(Convert.ToBase64String(body));
        }

        node.StandardInput.Close();
        var output = await answers;
        await node.WaitForExitAsync();
        Assert.That(node.ExitCode, Is.Zero);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
