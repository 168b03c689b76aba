namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// The hash that linking goes by: the SHA-256 of the counted messages in one normal form, so that its state after each
/// message is the hash of the beginning that ends there.
/// </summary>
/// <remarks>
/// <para>
/// A message is written as <c>u</c> or <c>a</c> for its role, the length of its blocks, and the blocks. A block is
/// <c>T</c> length text; <c>I</c> or <c>D</c> source for an image or a document; <c>U</c> name id input for a use of a
/// tool; <c>R</c> id, then length and blocks, for its result; <c>O</c> block for any other. Values (source, name, id,
/// input, other blocks) are canonical: members sorted by the UTF-8 of their names, the last of equal ones, none named
/// <c>cache_control</c>; numbers as JavaScript prints doubles; all with tags and lengths. What is not there is
/// <c>-</c>. Lengths count bytes, as 32 bits, little-endian. No two lists of messages are written alike.
/// </para>
/// <para>
/// Text of a block, of a message or of a result is without system reminders, with LF for CRLF, trimmed as JavaScript
/// trims; blank text is no block. Other strings are without reminders. In all, U+0000 and lone surrogates are U+FFFD.
/// Of an image or a document only <c>source</c> counts: title, context and citations do not. A result's <c>is_error</c>
/// does not count; its content that is neither text nor a list counts as it is, and null as nothing. Blocks within a
/// result are written alike, but tool blocks there are blocks like any other.
/// </para>
/// </remarks>
public static class LinkHash
{
    /// <summary>The version of the normal form. Hashes of different versions say nothing about each other.</summary>
    public const short Version = 1;
}
