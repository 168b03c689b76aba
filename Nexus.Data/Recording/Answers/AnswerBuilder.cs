using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Recording.Answers;

/// <summary>Builds the plain answer from the events of a streamed one.</summary>
internal sealed class AnswerBuilder
{
    private readonly List<StreamedBlock> _blocks = [];
    private readonly Dictionary<int, StreamedBlock> _newest = [];
    private JsonMembers _message = new();
    private JsonMembers _usage = new();
    private bool _isStopped;

    /// <summary>Whether an answer began.</summary>
    public bool IsStarted { get; private set; }

    public bool IsComplete => IsStarted && _isStopped && Error is null;

    public string? Error { get; private set; }

    public void Take(JsonSlice json)
    {
        var fields = json.Members();
        switch (fields["type"].Text())
        {
            case "message_start" when fields["message"].Kind == JsonKind.Object:
                Start(fields["message"].Members());
                break;
            case "content_block_start":
                Add(new StreamedBlock(fields["index"].Integer() ?? NextIndex(), fields["content_block"].Members()));
                break;
            case "content_block_delta":
                Grow(fields["index"].Integer() ?? Math.Max(0, NextIndex() - 1), fields["delta"]);
                break;
            case "message_delta":
                Merge(fields);
                break;
            case "message_stop":
                Stop(fields);
                break;
            case "error":
            case null when fields["error"].Kind == JsonKind.Object:
                Error = AnswerFacts.ErrorOf(fields);
                break;
            case null when fields["choices"].Kind == JsonKind.Array:
                TakeChunk(fields);
                break;
        }
    }

    /// <summary>The answer as far as it came.</summary>
    public JsonSlice Build()
    {
        if (_blocks.Count > 0 || _message["content"].Kind != JsonKind.Array)
        {
            var blocks = _blocks.OrderBy(block => block.Index).Select(block => block.Build()?.ToObject());
            _message.Set("content", StreamedBlock.ArrayOf([.. blocks.OfType<JsonSlice>()]));
        }

        if (_usage.Count > 0)
        {
            _message.Set("usage", _usage.ToObject());
        }

        return _message.ToObject();
    }

    // A second start is another try at the answer, and takes the place of the first.
    private void Start(JsonMembers message)
    {
        _blocks.Clear();
        _newest.Clear();
        _message = message;
        _usage = message["usage"].Members();
        _isStopped = false;
        Error = null;
        IsStarted = true;
    }

    // Two blocks of one index are two blocks: there are providers that number all with 0.
    private void Add(StreamedBlock block)
    {
        _blocks.Add(block);
        _newest[block.Index] = block;
    }

    private void Grow(int index, JsonSlice delta)
    {
        if (!_newest.TryGetValue(index, out var block))
        {
            block = StreamedBlock.Without(index, delta);
            if (block is null)
            {
                return;
            }

            Add(block);
        }

        block.Take(delta);
    }

    private void Merge(JsonMembers fields)
    {
        var delta = fields["delta"].Members();
        _message.Merge(delta.Where(member => member.Key != "usage"));
        _message.Merge(fields.Where(member => member.Key is not ("type" or "delta" or "usage")));
        _usage.Merge(delta["usage"].Members());
        _usage.Merge(fields["usage"].Members());
    }

    private void Stop(JsonMembers fields)
    {
        _isStopped = true;
        foreach (var name in new[] { "amazon-bedrock-invocationMetrics", "amazon_bedrock_invocationMetrics" })
        {
            if (fields[name].Kind != JsonKind.Null)
            {
                _message.Set("amazon_bedrock_invocationMetrics", fields[name]);
            }
        }
    }

    // Of OpenAI's chunks only what the facts need.
    private void TakeChunk(JsonMembers fields)
    {
        _message.Merge(fields.Where(member => member.Key is "id" or "model"));
        _usage.Merge(fields["usage"].Members());
    }

    private int NextIndex() => _blocks.Count == 0 ? 0 : _blocks[^1].Index + 1;
}
