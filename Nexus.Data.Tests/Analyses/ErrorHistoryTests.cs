using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Nexus.Data.Analyses;

namespace Nexus.Data.Tests.Analyses;

/// <summary>The history of errors and the delays between tries: both without a database.</summary>
public sealed class ErrorHistoryTests
{
    private static readonly DateTimeOffset _time = new(2025, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [TestCase(null, """{"retry_1":{"message":"No.","name":"Error","timestamp":"2025-01-02T03:04:05Z"}}""")]
    [TestCase("  ", """{"retry_1":{"message":"No.","name":"Error","timestamp":"2025-01-02T03:04:05Z"}}""")]
    [TestCase("{}", """{"retry_1":{"message":"No.","name":"Error","timestamp":"2025-01-02T03:04:05Z"}}""")]
    [TestCase("""{"stuck_job": "Reset by watchdog"}""", """{"stuck_job":"Reset by watchdog","retry_1":{"message":"No.","name":"Error","timestamp":"2025-01-02T03:04:05Z"}}""")]
    [TestCase("""{"retry_1": 1, "a": [2]}""", """{"a":[2],"retry_1":{"message":"No.","name":"Error","timestamp":"2025-01-02T03:04:05Z"}}""")]
    [TestCase("{oops", """{"parse_error":"{oops","retry_1":{"message":"No.","name":"Error","timestamp":"2025-01-02T03:04:05Z"}}""")]
    [TestCase("[1]", """{"parse_error":"[1]","retry_1":{"message":"No.","name":"Error","timestamp":"2025-01-02T03:04:05Z"}}""")]
    public void An_error_is_added_to_whatever_was_there(string? stored, string expected)
        => Assert.That(ErrorHistory.Add(stored, "retry_1", new("No."), _time), Is.EqualTo(expected));

    [TestCase("""{"a": "\u0000 \ud800", "\u0000": 1}""")]
    [TestCase("""{"a": 1, "a": 2}""")]
    [TestCase("DEEP")]
    [TestCase("LONG")]
    public void What_was_there_poisons_nothing(string stored)
    {
        stored = stored switch
        {
            "DEEP" => $"{{\"a\":{new string('[', 500)}{new string(']', 500)}}}",
            "LONG" => $$"""{"a": "{{new string('x', 1_000_000)}}"}""",
            _ => stored,
        };

        var history = ErrorHistory.Add(stored, "retry_1", new("No."), _time);

        Assert.That(JsonDocument.Parse(history).RootElement.GetProperty("retry_1").GetProperty("name").GetString(), Is.EqualTo("Error"));
        Assert.That(history, Does.Not.Contain("\\u0000").And.Not.Contain("\\ud800").And.Length.LessThanOrEqualTo(ErrorHistory.MaxLength));
    }

    [TestCase(null, null)]
    [TestCase("{}", null)]
    [TestCase("plain", "plain")]
    [TestCase("""{"retry_1": {"message": "first"}, "final_error": {"message": "last"}}""", "last")]
    [TestCase("""{"stuck_job": "Reset by watchdog"}""", "Reset by watchdog")]
    [TestCase("""{"error": {"code": 7}}""", """{"code": 7}""")]
    public void The_last_message_is_told(string? stored, string? message)
        => Assert.That(ErrorHistory.LastMessage(stored), Is.EqualTo(message));

    [TestCase(1, 0, 1_000)]
    [TestCase(1, 1, 1_300)]
    [TestCase(2, 0, 2_500)]
    [TestCase(3, 0.5, 7_187.5)]
    [TestCase(4, 0, 15_000)]
    [TestCase(4, 1, 19_500)]
    [TestCase(int.MaxValue, 0, 15_000)]
    public void Each_try_waits_longer_up_to_a_limit_with_some_jitter(int retry, double chance, double milliseconds)
        => Assert.That(RetryDelay.Before(new(), retry, chance).TotalMilliseconds, Is.EqualTo(milliseconds).Within(0.01));

    [TestCase(nameof(AnalysisQueueOptions.MaxRetries), -1)]
    [TestCase(nameof(AnalysisQueueOptions.FirstRetryDelayMs), -1)]
    [TestCase(nameof(AnalysisQueueOptions.RetryDelayFactor), 0)]
    [TestCase(nameof(AnalysisQueueOptions.MaxRetryDelayMs), -1)]
    [TestCase(nameof(AnalysisQueueOptions.RetryJitter), 2)]
    [TestCase(nameof(AnalysisQueueOptions.UnleasedTimeoutSeconds), 0)]
    public void Options_that_cannot_be_meant_are_named(string name, int value)
    {
        using var provider = new ServiceCollection().AddNexusData("Host=nowhere")
            .Configure<AnalysisQueueOptions>(options =>
            {
                var property = typeof(AnalysisQueueOptions).GetProperty(name)!;
                property.SetValue(options, Convert.ChangeType(value, property.PropertyType, null));
            })
            .BuildServiceProvider();

        Assert.That(
            () => provider.GetRequiredService<AnalysisQueue>(),
            Throws.InstanceOf<OptionsValidationException>().With.Message.Contains(name));
    }
}
