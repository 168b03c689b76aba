using System.Linq.Expressions;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Nexus.Data.Conversations;
using Nexus.Data.Persistence;

namespace Nexus.Data.Requests;

internal sealed class ApiRequestConfiguration : IEntityTypeConfiguration<ApiRequest>
{
    public const string PrimaryKey = "api_requests_pkey";

    // A body is replaced as a whole or not at all, so that comparing references is enough and nothing is copied.
    private static readonly ValueComparer<byte[]?> _sameBytes = new(
        (left, right) => ReferenceEquals(left, right), bytes => bytes == null ? 0 : bytes.Length, bytes => bytes);

    public void Configure(EntityTypeBuilder<ApiRequest> builder)
    {
        builder.ToTable("api_requests", table =>
        {
            table.HasComment("One call that went through the proxy, with its answer and its place in a conversation.");
            table.HasCheckConstraint("chk_parent_request_not_self", "parent_request_id <> request_id");
            table.HasCheckConstraint("api_requests_link_kind_check", EnumText<LinkKind>.Check("link_kind"));
        });
        builder.HasKey(request => request.RequestId).HasName(PrimaryKey);

        ConfigureCall(builder);
        ConfigureAnswer(builder);
        ConfigureCompatibleLinks(builder);
        ConfigureLinks(builder);

        ConfigureIndexes(builder);
    }

    private static void ConfigureCall(EntityTypeBuilder<ApiRequest> builder)
    {
        builder.Property(request => request.RequestId).ValueGeneratedNever()
            .HasComment("Identifier that the proxy gave the call.");
        builder.Property(request => request.TrainId).HasMaxLength(255).HasComment("Slug of the train the call was for.");
        builder.Property(request => request.Timestamp).HasComment("When the proxy received the call.");
        builder.Property(request => request.Method).HasMaxLength(10).HasComment("HTTP method.");
        builder.Property(request => request.Path).HasMaxLength(1024).HasComment("Path that was called.");
        builder.Property(request => request.Headers).HasColumnType("jsonb").HasComment("Request headers, secrets masked.");
        Json(builder, request => request.Body).HasComment("Request body; read it through the library.");
        builder.Property(request => request.ApiKeyId).HasMaxLength(50).HasComment("Which API key was used, never the key.");
        builder.Property(request => request.Model).HasMaxLength(100).HasComment("Model that was asked for.");
        builder.Property(request => request.RequestType).HasMaxLength(50)
            .HasComment("What the call was: inference, query_evaluation, quota, token_count.");
        builder.Property(request => request.IpAddress).HasMaxLength(45).HasComment("Address of the caller.");
        builder.Property(request => request.AccountId).HasMaxLength(255).HasComment("Account that paid.");
        builder.Property(request => request.CreatedAt).HasDefaultValueSql("now()").HasComment("When the row was written.");
    }

    private static void ConfigureAnswer(EntityTypeBuilder<ApiRequest> builder)
    {
        builder.Property(request => request.ResponseStatus).HasComment("HTTP status of the answer.");
        builder.Property(request => request.ResponseHeaders).HasColumnType("jsonb").HasComment("Headers of the answer.");
        Json(builder, request => request.ResponseBody).HasComment("Body of the answer; read it through the library.");
        builder.Property(request => request.ResponseStreaming).HasDefaultValue(false)
            .HasComment("Whether the answer was streamed.");
        builder.Property(request => request.InputTokens).HasComment("Tokens read, without the cache's.");
        builder.Property(request => request.OutputTokens).HasComment("Tokens written.");
        builder.Property(request => request.CacheCreationInputTokens).HasDefaultValue(0)
            .HasComment("Tokens put into the cache.");
        builder.Property(request => request.CacheReadInputTokens).HasDefaultValue(0).HasComment("Tokens from the cache.");
        builder.Property(request => request.TotalTokens).HasComment("Tokens read and written, without the cache's.");
        builder.Property(request => request.UsageData).HasColumnType("jsonb").HasComment("Usage as the provider told it.");
        builder.Property(request => request.ToolCallCount).HasDefaultValue(0).HasComment("Tool uses in the answer.");
        builder.Property(request => request.DurationMs).HasComment("Milliseconds from the call to the end of its answer.");
        builder.Property(request => request.FirstTokenMs)
            .HasComment("Milliseconds from the call to the first piece of its answer.");
        builder.Property(request => request.CompletedAt).HasComment("When the answer was complete or the call had failed.");
        builder.Property(request => request.Error).HasComment("What went wrong.");
        builder.Property(request => request.TaskToolInvocation).HasColumnType("jsonb")
            .HasComment("Task and Agent tool uses of the answer.");
    }

    private static void ConfigureCompatibleLinks(EntityTypeBuilder<ApiRequest> builder)
    {
        builder.Property(request => request.CurrentMessageHash).HasColumnType("character(64)")
            .HasComment("Compatible hash of all messages.");
        builder.Property(request => request.ParentMessageHash).HasColumnType("character(64)")
            .HasComment("Compatible hash of the messages before the last exchange.");
        builder.Property(request => request.SystemHash).HasMaxLength(64).HasComment("Compatible hash of the system prompt.");
        builder.Property(request => request.MessageCount).HasDefaultValue(0).HasComment("Messages in the body.");
        builder.Property(request => request.ConversationId).HasComment("The conversation the request belongs to.");
        builder.Property(request => request.BranchId).HasMaxLength(255).HasDefaultValue(ApiRequest.MainBranch)
            .HasComment("Branch inside the conversation.");
        builder.Property(request => request.ParentRequestId).HasComment("The request that this one goes on from.");
        builder.Property(request => request.ParentTaskRequestId)
            .HasComment("The request whose answer started this sub-task.");
        builder.Property(request => request.IsSubtask).HasDefaultValue(false)
            .HasComment("Whether the request belongs to a sub-task.");
    }

    private static void ConfigureLinks(EntityTypeBuilder<ApiRequest> builder)
    {
        builder.Property(request => request.LinkHash).HasComment("Our hash of the counted messages.");
        builder.Property(request => request.LinkVersion).HasComment("Version of the rules that made link_hash.");
        builder.Property(request => request.LinkFacts)
            .HasComment("What else linking reads off the bodies, so that a rebuild need not.");
        builder.Property(request => request.StableSystemHash)
            .HasComment("Hash of the system prompt without its volatile parts.");
        builder.Property(request => request.AnswerHash).HasComment("Hash of the messages with their answer, as the next turn repeats them.");
        builder.Property(request => request.UserIdHash).HasComment("Hash of the user id in the body's metadata.");
        builder.Property(request => request.LinkKind).HasMaxLength(20).HasConversion(EnumText<LinkKind>.Converter)
            .HasComment("How the request was linked.");
        builder.Property(request => request.LinkDistance).HasComment("Answers between the parent and this request.");
        builder.Property(request => request.LinkCandidates).HasComment("Possible parents, counted to 100.");
        builder.Property(request => request.RetryOfRequestId).HasComment("The first request that this one repeats.");
        builder.Property(request => request.ClaimsBranch).HasComment("Whether the request takes or forks a branch.");
        builder.Property(request => request.UnlinkedBecause).HasMaxLength(255)
            .HasComment("Why the request waits to be linked; null where it is linked.");
        builder.Property(request => request.IsAltered).HasDefaultValue(false)
            .HasComment("Whether jsonb could not hold a body as it came.");
        builder.Property(request => request.BodyOriginal).Metadata.SetValueComparer(_sameBytes);
        builder.Property(request => request.BodyOriginal).HasComment("The bytes of the request body, where kept.");
        builder.Property(request => request.ResponseBodyOriginal).Metadata.SetValueComparer(_sameBytes);
        builder.Property(request => request.ResponseBodyOriginal).HasComment("The bytes of the answer's body, where kept.");
    }

    // With the primary key at most ten, for each costs every insert: one for each question. The numbering of sub-tasks has
    // the tenth, by an expression, which a model cannot describe: see the migration IndexConversationLinks.
    private static void ConfigureIndexes(EntityTypeBuilder<ApiRequest> builder)
    {
        // Parent and retries by messages, newest first.
        Index(builder, "idx_requests_link_hash",
                request => new { request.TrainId, request.LinkHash, request.Timestamp, request.RequestId })
            .HasFilter("link_hash IS NOT NULL").IsCreatedConcurrently();

        // Among many with the same messages, the one with this answer.
        Index(builder, "idx_requests_link_answer",
                request => new { request.TrainId, request.AnswerHash, request.Timestamp, request.RequestId })
            .HasFilter("answer_hash IS NOT NULL").IsCreatedConcurrently();

        // Is the parent's branch taken?
        Index(builder, "idx_requests_parent_branch", request => new { request.ParentRequestId, request.BranchId })
            .HasFilter("parent_request_id IS NOT NULL").IsCreatedConcurrently();

        Index(builder, "idx_requests_retry_of", request => request.RetryOfRequestId)
            .HasFilter("retry_of_request_id IS NOT NULL").IsCreatedConcurrently();

        // The branches of a conversation and their requests in order; which names are taken.
        Index(builder, "idx_requests_conversation",
                request => new { request.ConversationId, request.BranchId, request.Timestamp, request.RequestId })
            .HasFilter("conversation_id IS NOT NULL").IsCreatedConcurrently();

        // A train's requests by time: lists, usage, export, retention.
        Index(builder, "idx_requests_train_time", request => new { request.TrainId, request.Timestamp, request.RequestId })
            .IsCreatedConcurrently();

        // What the sweep has to link.
        Index(builder, "idx_requests_unlinked", request => new { request.TrainId, request.Timestamp })
            .HasFilter("unlinked_because IS NOT NULL").IsCreatedConcurrently();

        // Parents among rows that came before there were link hashes; in other databases it is all but empty.
        Index(builder, "idx_requests_without_links",
                request => new { request.TrainId, request.CurrentMessageHash, request.Timestamp, request.RequestId })
            .HasFilter("link_hash IS NULL").IsCreatedConcurrently();
    }

    private static IndexBuilder<ApiRequest> Index(
        EntityTypeBuilder<ApiRequest> builder, string name, Expression<Func<ApiRequest, object?>> columns)
        => builder.HasIndex(columns, name);

    private static PropertyBuilder<byte[]?> Json(
        EntityTypeBuilder<ApiRequest> builder, Expression<Func<ApiRequest, byte[]?>> property)
    {
        var configured = builder.Property(property).HasColumnType("jsonb").HasConversion(
            bytes => Encoding.UTF8.GetString(bytes!), text => Encoding.UTF8.GetBytes(text));
        configured.Metadata.SetValueComparer(_sameBytes);
        return configured;
    }
}
