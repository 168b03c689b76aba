using Nexus.Data.Persistence;

namespace Nexus.Data.Tests.Persistence;

public sealed class PageCursorTests
{
    private static readonly DateTimeOffset _time = new(2025, 3, 1, 14, 0, 0, TimeSpan.FromHours(2));

    [Test]
    public void A_cursor_holds_the_key_that_was_written()
    {
        var id = Guid.NewGuid();
        var cursor = List("a", null, _time, true);

        var key = List("a", null, _time.ToUniversalTime(), true).Read(cursor.Write(_time, id, "trän 🚂", -7L));

        Assert.That(
            (key!.Time(0), key.Id(1), key.Text(2), key.Number(3)), Is.EqualTo((_time, id, "trän 🚂", -7L)));
        Assert.That(key.Time(0).Offset, Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void No_cursor_is_the_first_page() => Assert.That(List().Read(null), Is.Null);

    [Test]
    public void A_cursor_can_stand_in_an_address()
        => Assert.That(List().Write(_time, Guid.NewGuid(), "??>>~~"), Does.Match("^[A-Za-z0-9_-]+$"));

    [Test]
    public void A_cursor_of_another_list_is_refused()
        => Refuses(() => List("a").Read(new PageCursor("trains", "a").Write(_time)), "list of trains");

    [TestCase("b", null, 1)]
    [TestCase("a", "", 1)]
    [TestCase("a", null, 2)]
    [TestCase(null, "a", 1)]
    [TestCase("a1:", null, 1)]
    public void A_cursor_of_other_filters_is_refused(string? first, string? second, int third)
        => Refuses(() => List("a", null, 1).Read(List(first, second, third).Write(_time)), "other filters");

    [Test]
    public void What_is_no_cursor_is_refused([Values("", " ", "abc", "no cursor", "AAAAAAAAAAAA", "ümlaut", "a=b", "\0")] string text)
        => Refuses(() => List().Read(text), "no cursor");

    [Test]
    public void A_cursor_with_any_slip_of_copying_is_refused()
    {
        var cursor = List().Write(_time, Guid.NewGuid(), "train");

        Assert.Multiple(() =>
        {
            for (var i = 0; i < cursor.Length; i++)
            {
                var other = cursor[i] == 'A' ? 'B' : 'A';
                var (slipped, cut) = ($"{cursor[..i]}{other}{cursor[(i + 1)..]}", cursor[..i]);

                // The last character has bits that no byte takes.
                if (i < cursor.Length - 1)
                {
                    Refuses(() => List().Read(slipped), "cursor");
                }

                Refuses(() => List().Read(cut), "no cursor");
            }

            Refuses(() => List().Read(cursor + cursor), "no cursor");
            Refuses(() => List().Read(new string('A', 100_000)), "no cursor");
        });
    }

    [Test]
    public void A_key_is_read_as_what_it_is()
    {
        var key = List().Read(List().Write(_time))!;

        Refuses(() => key.Id(0), "no cursor");
        Refuses(() => key.Time(1), "no cursor");
    }

    [Test]
    public void What_no_list_is_ordered_by_is_a_mistake()
        => Assert.That(() => List().Write(1.5), Throws.ArgumentException.With.Message.Contains("Double"));

    private static PageCursor List(params object?[] filters) => new("conversations", filters);

    private static void Refuses(Action read, string says) => Assert.That(
        () => read(),
        Throws.InstanceOf<NexusDataException>()
            .With.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Validation)
            .And.Message.Contains(says));
}
