using Nexus.Data.Persistence;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class ConfirmationTests
{
    [Test]
    public async Task A_database_that_is_not_named_has_the_users_name()
    {
        await using var target = await TargetDatabase.OpenAsync(Host(TextReader.Null), "postgresql://app@localhost", ConnectionScope.Own);

        Assert.That(target.Name, Is.EqualTo("app"));
        Assert.That(target.ConnectionString, Does.Contain("Database=app"));
        Assert.That(
            () => Confirmation.AskAsync(Host(new StringReader("\n")), target, yes: false, CancellationToken.None),
            Throws.TypeOf<ToolException>().With.Message.StartsWith("Not confirmed"));
    }

    [Test]
    public void Nobody_confirms_a_name_that_is_empty([Values] bool yes)
        => Assert.That(
            () => Confirmation.AskAsync(Host(new StringReader("\n")), "", yes, CancellationToken.None), Throws.ArgumentException);

    [Test]
    public async Task Who_stops_it_at_the_question_need_not_answer()
    {
        using var input = new SilentReader();
        using var stopping = new CancellationTokenSource();

        // As a console does, which ends the asking thread's call when a line is there.
        var asked = Task.Run(() => Confirmation.AskAsync(Host(input), "nexus", yes: false, stopping.Token));
        Assert.That(input.Asked.Wait(TimeSpan.FromSeconds(30)), Is.True);
        await stopping.CancelAsync();
        var first = await Task.WhenAny(asked, Task.Delay(TimeSpan.FromSeconds(30)));
        input.Answered.Set();

        Assert.That(first, Is.SameAs(asked));
        Assert.That(() => asked, Throws.InstanceOf<OperationCanceledException>());
    }

    private static ToolHost Host(TextReader input) => new()
    {
        Output = TextWriter.Null,
        Error = TextWriter.Null,
        Input = input,
        OpenInput = () => Stream.Null,
        Environment = _ => null,
    };

    private sealed class SilentReader : TextReader
    {
        public ManualResetEventSlim Asked { get; } = new();

        public ManualResetEventSlim Answered { get; } = new();

        public override string? ReadLine()
        {
            Asked.Set();
            Answered.Wait();
            return null;
        }

        public override ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken) => new(ReadLine());
    }
}
