using System.Runtime.InteropServices;

namespace Nexus.Data.Seeding.Traffic;

/// <summary>
/// The messages that a client keeps, as the inner bytes of the JSON array it sends: a turn appends to them, and
/// nothing of the history is written a second time.
/// </summary>
internal sealed class ClientHistory
{
    private readonly List<Mark> _marks = [];
    private readonly List<Passing> _passing = [];
    private readonly ByteBuffer _messages;

    public ClientHistory() => _messages = new ByteBuffer(1024);

    private ClientHistory(ClientHistory source, Mark mark)
    {
        _messages = new ByteBuffer(mark.Length + 1024).Append(source._messages.Written[..mark.Length]);
        _marks.AddRange(source._marks.Where(earlier => earlier.Length <= mark.Length));
        _passing.AddRange(source._passing.Where(range => range.Start + range.Length <= mark.Length));
    }

    public ReadOnlySpan<byte> Messages => _messages.Written;

    public int Length => _messages.Length;

    public int MarkCount => _marks.Count;

    /// <summary>Where a message may begin: opens it, with the comma that parts it from the one before.</summary>
    public ByteBuffer BeginMessage()
    {
        if (_messages.Length > 0)
        {
            _messages.Append(","u8);
        }

        return _messages;
    }

    /// <summary>What was written since <paramref name="start"/> is in the next body and in none after it.</summary>
    public void MarkPassing(int start) => _passing.Add(new Passing(start, _messages.Length - start, Sent: false));

    /// <summary>An answer ends here, and another next turn may be begun from it.</summary>
    public void AddMark(int turn, Guid? newestStored) => _marks.Add(new Mark(_messages.Length, turn, newestStored));

    /// <summary>A copy up to the mark, and the mark itself.</summary>
    public (ClientHistory History, int Turn, Guid? NewestStored) CopyTo(int markIndex)
    {
        var mark = _marks[markIndex];
        return (new ClientHistory(this, mark), mark.Turn, mark.NewestStored);
    }

    /// <summary>The body with what passes has been sent.</summary>
    public void Sent()
    {
        foreach (ref var range in CollectionsMarshal.AsSpan(_passing))
        {
            range = range with { Sent = true };
        }
    }

    /// <summary>Takes out what passes and has been sent.</summary>
    public void ForgetPassing()
    {
        for (var i = _passing.Count - 1; i >= 0; i--)
        {
            var range = _passing[i];
            if (!range.Sent)
            {
                continue;
            }

            _messages.Remove(range.Start, range.Length);
            _passing.RemoveAt(i);
            foreach (ref var later in CollectionsMarshal.AsSpan(_passing)[i..])
            {
                later = later with { Start = later.Start - range.Length };
            }

            var marks = CollectionsMarshal.AsSpan(_marks);
            for (var m = marks.Length - 1; m >= 0 && marks[m].Length > range.Start; m--)
            {
                marks[m] = marks[m] with { Length = marks[m].Length - range.Length };
            }
        }
    }

    /// <summary>Takes back what was written after <paramref name="length"/>.</summary>
    public void TakeBackTo(int length)
    {
        _messages.Truncate(length);
        _passing.RemoveAll(range => range.Start >= length);
        _marks.RemoveAll(mark => mark.Length > length);
    }

    private readonly record struct Passing(int Start, int Length, bool Sent);

    private readonly record struct Mark(int Length, int Turn, Guid? NewestStored);
}
