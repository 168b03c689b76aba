using Microsoft.EntityFrameworkCore;
using Nexus.Data.Analyses;
using Nexus.Data.Chats;
using Nexus.Data.Conversations;
using Nexus.Data.Credentials;
using Nexus.Data.Requests;
using Nexus.Data.Trains;
using Nexus.Data.Usage;

namespace Nexus.Data;

/// <summary>The Nexus schema. Each entity's mapping stands beside the entity, in its <c>…Configuration</c> class.</summary>
public sealed class NexusDbContext(DbContextOptions<NexusDbContext> options) : DbContext(options)
{
    /// <summary>Calls that went through the proxy.</summary>
    public DbSet<ApiRequest> Requests => Set<ApiRequest>();

    /// <summary>Sub-tasks that answers asked for.</summary>
    public DbSet<TaskPrompt> TaskPrompts => Set<TaskPrompt>();

    /// <summary>Events of streamed answers.</summary>
    public DbSet<StreamingChunk> StreamingChunks => Set<StreamingChunk>();

    /// <summary>Tenants of the proxy.</summary>
    public DbSet<Train> Trains => Set<Train>();

    /// <summary>Which accounts a train may use.</summary>
    public DbSet<TrainAccount> TrainAccounts => Set<TrainAccount>();

    /// <summary>Who may see and change a train.</summary>
    public DbSet<TrainMember> TrainMembers => Set<TrainMember>();

    /// <summary>Keys with which clients speak for a train.</summary>
    public DbSet<TrainApiKey> TrainApiKeys => Set<TrainApiKey>();

    /// <summary>Accounts and the tokens that open them.</summary>
    public DbSet<AnthropicCredential> Credentials => Set<AnthropicCredential>();

    /// <summary>Analyses of conversations, done or ordered.</summary>
    public DbSet<ConversationAnalysis> Analyses => Set<ConversationAnalysis>();

    /// <summary>Who asked for or saw an analysis.</summary>
    public DbSet<AuditLogEntry> AuditLog => Set<AuditLogEntry>();

    /// <summary>Requests by hour, train and model, as of the last refresh.</summary>
    public DbSet<HourlyStat> HourlyStats => Set<HourlyStat>();

    /// <summary>What tokens cost; the host fills them in.</summary>
    public DbSet<ModelPrice> ModelPrices => Set<ModelPrice>();

    /// <summary>People of the team chat.</summary>
    public DbSet<User> Users => Set<User>();

    /// <summary>Sessions of the coding assistant, and rooms of the team.</summary>
    public DbSet<Chat> Chats => Set<Chat>();

    /// <summary>Who is in a direct or group chat.</summary>
    public DbSet<ChatMember> ChatMembers => Set<ChatMember>();

    /// <summary>Lines of chats.</summary>
    public DbSet<Message> Messages => Set<Message>();

    /// <summary>States of repository chats, from which a session goes on.</summary>
    public DbSet<ChatSnapshot> ChatSnapshots => Set<ChatSnapshot>();

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.ApplyNexusModel();
    }
}
