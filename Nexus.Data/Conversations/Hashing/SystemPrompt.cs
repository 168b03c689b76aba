using System.Security.Cryptography;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// The hashes of a system prompt: the original's, and the one that does not change from turn to turn.
/// </summary>
internal sealed class SystemPrompt(JsonTape tape) : IDisposable
{
    private PooledBuffer _text = new();
    private PooledBuffer _spare = new();

    private delegate bool Step(ReadOnlySpan<byte> text, PooledBuffer output);

    private static ReadOnlySpan<byte> CommandLineOpening =>
        "You are an interactive CLI tool that helps users with software engineering tasks"u8;

    private static ReadOnlySpan<byte> AgentOpening =>
        "You are Claude Code, Anthropic's official CLI for Claude"u8;

    private static ReadOnlySpan<byte> SubAgentOpening =>
        "You are an agent for Claude Code, Anthropic's official CLI for Claude"u8;

    private static ReadOnlySpan<byte> SummarizerSentence =>
        "You are a helpful AI assistant tasked with summarizing conversations"u8;

    /// <summary>
    /// The original's hash of the prompt on the tape: 64 hexadecimal digits; null where nothing is left.
    /// </summary>
    public string? HashCompatibly()
    {
        if (!Join(wellFormed: false))
        {
            return null;
        }

        if (JavaScriptText.Trim(_text.Written).StartsWith(CommandLineOpening))
        {
            return Convert.ToHexStringLower(SHA256.HashData(CommandLineOpening));
        }

        RemoveContext();
        RemoveGit();
        _text.Truncate(JsonText.Join(_text.Content));
        var text = JavaScriptText.Trim(_text.Written);
        return text.IsEmpty ? null : Convert.ToHexStringLower(SHA256.HashData(text));
    }

    /// <summary>The stable hash of the prompt on the tape, 32 bytes; null where nothing is left.</summary>
    public byte[]? HashStably(out bool isSummarizer)
    {
        isSummarizer = false;
        if (!Join(wellFormed: true))
        {
            return null;
        }

        isSummarizer = _text.Written.IndexOf(SummarizerSentence) >= 0;

        // Every line ends with an LF, the last too, so that no part of git's is left for being the last.
        _text.Append((byte)'\n');
        _text.Truncate(JavaScriptText.UnifyLineEnds(_text.Content));
        Run(SystemText.RemoveBillingLines, default);
        RemoveContext();
        Run(SystemText.RemoveDateLines, default);
        RemoveGit();

        var text = JavaScriptText.Trim(_text.Written);
        var counted = text.StartsWith(CommandLineOpening) ? CommandLineOpening
            : text.StartsWith(AgentOpening) ? AgentOpening
            : text.StartsWith(SubAgentOpening) ? SubAgentOpening
            : text;
        return counted.IsEmpty ? null : SHA256.HashData(counted);
    }

    public void Dispose()
    {
        _text.Dispose();
        _spare.Dispose();
    }

    private void RemoveContext()
    {
        Run(SystemText.RemoveTransientContext, "<transient_context>"u8);
        _text.Truncate(JavaScriptText.StripReminders(_text.Content));
    }

    private void RemoveGit()
    {
        Run(SystemText.RemoveGitStatus, "gitStatus:"u8);
        Run(SystemText.RemoveStatus, "Status:"u8);
        Run(SystemText.RemoveCurrentBranch, "Current branch:"u8);
        Run(SystemText.RemoveMainBranch, "Main branch"u8);
        Run(SystemText.RemoveRecentCommits, "Recent commits:"u8);
        Run(SystemText.CollapseBlankLines, "\n\n\n"u8);
    }

    private void Run(Step step, ReadOnlySpan<byte> needed)
    {
        if (_text.Written.IndexOf(needed) < 0)
        {
            return;
        }

        _spare.Clear();
        if (step(_text.Written, _spare))
        {
            (_text, _spare) = (_spare, _text);
        }
    }

    /// <summary>Takes the prompt, or its blocks with LF between them; false where it is none.</summary>
    private bool Join(bool wellFormed)
    {
        _text.Clear();
        switch (tape.Kind(0))
        {
            case JsonKind.String:
                Append(0, wellFormed);
                return _text.Length > 0;
            case JsonKind.Array:
                var end = tape.Next(0);
                for (var block = 1; block < end; block = tape.Next(block))
                {
                    if (block > 1)
                    {
                        _text.Append((byte)'\n');
                    }

                    if (tape.Kind(block) == JsonKind.Null && !wellFormed)
                    {
                        return false;
                    }

                    var text = tape.Find(block, "text"u8);
                    if (tape.Kind(text) == JsonKind.String)
                    {
                        Append(text, wellFormed);
                    }
                    else if (!wellFormed && tape.Kind(text) != JsonKind.Null)
                    {
                        JavaScriptJson.AppendText(tape, text, _text);
                    }
                }

                return _text.Length > 0;
            default:
                return false;
        }
    }

    private void Append(int token, bool wellFormed)
    {
        var raw = tape.Raw(token);
        _text.Advance(JsonText.Unescape(raw, _text.Reserve(raw.Length + JsonText.Slack), wellFormed, out _));
    }
}
