using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Analyses;
using Nexus.Data.Credentials;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The examples of docs/trains.md, docs/secrets.md and docs/analyses.md.</summary>
internal static class TrainExamples
{
    public static async Task MakeTrainAsync(
        IDbContextFactory<NexusDbContext> contexts, TrainService trains, TrainMembers members, TrainAccounts accounts,
        CancellationToken cancellationToken)
    {
        // doc:train
        var train = await contexts.ExecuteInTransactionAsync(
            async (db, token) =>
            {
                var made = await trains.In(db).CreateAsync(
                    new() { TrainId = "rail-club", Name = "Rail Club" }, "ada@example.com", cancellationToken: token);
                await members.In(db).AddAsync("rail-club", "bob@example.com", TrainRole.Member, "ada@example.com", token);
                await accounts.In(db).LinkAsync("rail-club", "acc-1", token);
                return made;
            },
            cancellationToken);
        // doc:end
        _ = train;
    }

    public static async Task<string> DemoteAsync(
        TrainAccess access, TrainMembers members, string caller, string person, CancellationToken cancellationToken)
    {
        // doc:members
        await access.DemandAsync("rail-club", caller, TrainAction.ManageMembers, cancellationToken);
        return await members.ChangeRoleAsync("rail-club", person, TrainRole.Member, cancellationToken) switch
        {
            MemberChange.Done or MemberChange.Unchanged => $"{person} is a member.",
            MemberChange.LastOwner => "A train keeps an owner: make somebody else one first.",
            _ => $"{person} does not belong to the train.",
        };
        // doc:end
    }

    public static async Task<string> CreateKeyAsync(ApiKeyService keys, CancellationToken cancellationToken)
    {
        // doc:key
        var made = await keys.CreateAsync(
            "rail-club", new() { Name = "laptop", CreatedBy = "ada@example.com", ExpiresAt = DateTimeOffset.UtcNow.AddDays(90) },
            cancellationToken);
        return made.Key;
        // doc:end
    }

    public static async Task<int> ForwardAsync(
        ApiKeyService keys, TrainAccounts accounts, string? shown, Func<string, Task<int>> upstream,
        CancellationToken cancellationToken)
    {
        // doc:forward
        if (await keys.VerifyAsync(shown, cancellationToken) is not { } key)
        {
            return 401;
        }

        var account = await accounts.SelectAsync(key.TrainId, cancellationToken: cancellationToken);
        return await upstream(account.AccessToken);
        // doc:end
    }

    public static void ConfigureKeys(IServiceCollection services)
    {
        // doc:credential-keys
        services.Configure<CredentialProtectionOptions>(options => options.KeyFile = "/etc/nexus/credential-keys");
        // doc:end
    }

    public static async Task WorkAsync(
        AnalysisQueue queue, Func<AnalysisJob, CancellationToken, Task<AnalysisResult>> analyze,
        CancellationToken cancellationToken)
    {
        // doc:analysis-worker
        foreach (var job in await queue.ClaimAsync("worker-1", 3, TimeSpan.FromMinutes(2), cancellationToken))
        {
            try
            {
                var result = await analyze(job, cancellationToken);
                if (!await queue.CompleteAsync(job, result, cancellationToken))
                {
                    continue; // The lease ran out, or somebody ordered it anew: the result does not count.
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                await queue.FailAsync(job, AnalysisError.Of(exception), cancellationToken);
            }
        }
        // doc:end
    }

    public static async Task<long> OrderAsync(AnalysisQueue queue, Guid conversationId, CancellationToken cancellationToken)
    {
        // doc:analysis-order
        var order = await queue.EnqueueAsync(
            conversationId, "main", new() { CustomPrompt = "What went wrong?" },
            new AuditContext("req-4711") { UserContext = """{"email":"ada@example.com"}""" }, cancellationToken);
        return order.Id;
        // doc:end
    }
}
