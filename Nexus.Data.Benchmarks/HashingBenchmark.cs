using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Benchmarks;

/// <summary>
/// How fast is hashing a body, all hashes of it, beside plain SHA-256 of the same bytes? Both alternate in one process,
/// at 5, 50 and 500 turns of about 2 KB a message.
/// </summary>
public static class HashingBenchmark
{
    private const int Rounds = 9;
    private const double Goal = 0.1;
    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _roundLength = TimeSpan.FromMilliseconds(150);

    /// <summary>Measures and prints. The ratio is the library's speed as a part of SHA-256's, by the medians.</summary>
    /// <returns>0 where every ratio reaches the goal, else 1.</returns>
    public static int Run(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);

        var slow = 0;
        foreach (var turns in new[] { 5, 50, 500 })
        {
            var body = CreateBody(turns);
            Action baseline = () => SHA256.HashData(body);
            Action subject = () => RequestHasher.Hash(body);
            Measure(subject, body.Length, _warmUp);
            Measure(baseline, body.Length, _roundLength);

            var plain = new double[Rounds];
            var ours = new double[Rounds];
            for (var round = 0; round < Rounds; round++)
            {
                plain[round] = Measure(baseline, body.Length, _roundLength);
                ours[round] = Measure(subject, body.Length, _roundLength);
            }

            var ratio = Median(ours) / Median(plain);
            slow += ratio < Goal ? 1 : 0;
            Print(output, $"{turns} turns, {body.Length} bytes, {RequestHasher.Hash(body).Prefixes.Count} beginnings");
            Print(output, $"  SHA-256        MB/s: {Numbers(plain)}");
            Print(output, $"  RequestHasher  MB/s: {Numbers(ours)}");
            Print(output, $"  ratio of the medians: {ratio:0.000} (goal {Goal:0.000})");
        }

        return slow == 0 ? 0 : 1;
    }

    // Megabytes a second.
    private static double Measure(Action action, int bytes, TimeSpan length)
    {
        var watch = Stopwatch.StartNew();
        var count = 0;
        while (watch.Elapsed < length)
        {
            action();
            count++;
        }

        return (double)bytes * count / watch.Elapsed.TotalSeconds / 1_000_000;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static string Numbers(double[] values) =>
        string.Join(' ', values.Select(value => value.ToString("0", CultureInfo.InvariantCulture)));

    private static void Print(TextWriter output, FormattableString line) =>
        output.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static byte[] CreateBody(int turns)
    {
        var random = new Random(turns);
        var messages = new List<object> { new { role = "user", content = Prose(random) } };
        for (var turn = 1; turn < turns; turn++)
        {
            var id = $"toolu_{turn:000000}";
            messages.Add(new
            {
                role = "assistant",
                content = new object[]
                {
                    new { type = "text", text = Prose(random)[..700] },
                    new
                    {
                        type = "tool_use",
                        id,
                        name = "Edit",
                        input = new { path = "/src/a.cs", before = Code(random), after = Code(random), all = true },
                    },
                },
            });
            messages.Add(turn % 3 == 0
                ? new { role = "user", content = (object)Prose(random) }
                : new
                {
                    role = "user",
                    content = new object[]
                    {
                        new { type = "tool_result", tool_use_id = id, content = string.Concat(Code(random), Code(random)) },
                        new { type = "text", text = "<system-reminder>Mind the gap.</system-reminder>" },
                    },
                });
        }

        var body = new { model = "claude-sonnet-4", max_tokens = 1024, system = Prose(random) + Prose(random), messages };
        return Encoding.UTF8.GetBytes(JsonSerializer.Serialize(body));
    }

    private static string Prose(Random random)
    {
        string[] words = ["conversation", "request", "the", "a", "of", "linking", "branch", "naïve", "is", "answer", "\n", "— "];
        var text = new StringBuilder();
        while (text.Length < 2000)
        {
            text.Append(words[random.Next(words.Length)]).Append(' ');
        }

        return text.ToString();
    }

    private static string Code(Random random)
    {
        string[] lines =
        [
            "    public sealed class Train\n", "    {\n", "        if (a < b && c > \"d\")\n", "        return value;\n", "\n",
            "        var path = \"C:\\\\src\";\n", "    }\n",
        ];
        var text = new StringBuilder();
        while (text.Length < 600)
        {
            text.Append(lines[random.Next(lines.Length)]);
        }

        return text.ToString();
    }
}
