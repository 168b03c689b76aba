namespace Nexus.Data.Chats.Importing;

/// <summary>Why a row of the source was not carried over, or what was changed of one that was.</summary>
public enum ChatImportReason
{
    /// <summary>A user without a name.</summary>
    NameEmpty,

    /// <summary>A user whose name has more than 255 characters.</summary>
    NameTooLong,

    /// <summary>A user whose name another one has, in any case of its letters: in the source or with us.</summary>
    NameTaken,

    /// <summary>A user who is neither active nor disabled.</summary>
    StatusUnknown,

    /// <summary>A chat that is neither a direct nor a group chat, or both.</summary>
    KindUnknown,

    /// <summary>A chat whose identifier is with us that of a chat of another kind.</summary>
    IdTaken,

    /// <summary>A direct chat whose key does not name two people.</summary>
    PairUnreadable,

    /// <summary>A session without a title or a repository's name.</summary>
    TitleEmpty,

    /// <summary>A message, member or snapshot of a chat that was not carried over.</summary>
    ChatMissing,

    /// <summary>A chat, membership or message of a user who was not carried over.</summary>
    UserMissing,

    /// <summary>A membership of somebody who was anonymised with us.</summary>
    UserGone,

    /// <summary>A member of a direct chat who is not one of the two.</summary>
    NotOfPair,

    /// <summary>A member who is neither member nor admin.</summary>
    RoleUnknown,

    /// <summary>A message without text.</summary>
    ContentEmpty,

    /// <summary>A message of a type that there is not.</summary>
    TypeUnknown,

    /// <summary>A snapshot of which some part is no JSON array.</summary>
    NotArray,

    /// <summary>Changed: spaces around a name were left out, or its characters are spelled in the one way that names are looked up
    /// by.</summary>
    NameTrimmed,

    /// <summary>Changed: of a text that is longer than its column the beginning was kept.</summary>
    TextCut,

    /// <summary>Changed: the title and the address of an issue without a number were left out.</summary>
    IssueDropped,

    /// <summary>Changed: an empty topic is none.</summary>
    TopicDropped,

    /// <summary>Changed: a time that was missing, infinite or outside of the years 1 to 9999 is the nearest one that is known; that of
    /// a log-in is left out.</summary>
    TimeFilled,

    /// <summary>Changed: the idempotency key of a message was left out, because it is empty, too long, or another message of the
    /// chat has it.</summary>
    KeyDropped,

    /// <summary>Changed: metadata that are no JSON object stand as the <c>value</c> of one.</summary>
    MetadataWrapped,

    /// <summary>Changed: the group had no admin, and its first member is one now.</summary>
    AdminMade,

    /// <summary>Changed: the two people of a direct chat have one already, to which its messages go.</summary>
    PairJoined,

    /// <summary>Changed: one of the two people of a direct chat was no member of it, and is one now.</summary>
    PairCompleted,

    /// <summary>To be known: the group has no members, so nobody is its admin.</summary>
    NoMember,

    /// <summary>To be known: a column of the source that this version knows nothing of; what stands in it was left there.</summary>
    ColumnUnknown,
}

/// <summary>Reasons by what they say.</summary>
internal static class ChatImportReasons
{
    /// <summary>Whether the row was carried over all the same.</summary>
    public static bool IsChange(this ChatImportReason reason) => reason >= ChatImportReason.NameTrimmed;
}
