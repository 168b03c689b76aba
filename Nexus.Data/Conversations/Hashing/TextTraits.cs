namespace Nexus.Data.Conversations.Hashing;

/// <summary>What reading a string of JSON has shown, so that what is rare is looked for once.</summary>
[Flags]
internal enum TextTraits : byte
{
    /// <summary>Nothing out of the ordinary.</summary>
    None = 0,

    /// <summary>It has escapes that <c>JSON.stringify</c> would spell otherwise.</summary>
    Respelled = 1,

    /// <summary>It has a CR.</summary>
    CarriageReturn = 2,

    /// <summary>It has U+0000 or a lone surrogate, which become U+FFFD where PostgreSQL keeps them.</summary>
    Altered = 4,

    /// <summary>It has a lone surrogate, which has no UTF-8.</summary>
    Lone = 8,

    /// <summary>It has a system reminder.</summary>
    Reminder = 16,
}
