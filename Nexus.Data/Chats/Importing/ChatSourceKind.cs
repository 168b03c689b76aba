namespace Nexus.Data.Chats.Importing;

/// <summary>The programs before us whose chats can be brought along.</summary>
public enum ChatSourceKind
{
    /// <summary>The team chat: tables <c>user</c>, <c>chat</c>, <c>direct_message</c>, <c>group_chat</c>, <c>membership</c> and
    /// <c>message</c>.</summary>
    Opchat,

    /// <summary>The coding assistant: tables <c>chats</c>, <c>messages</c> and <c>chat_snapshots</c>.</summary>
    Relay,
}
