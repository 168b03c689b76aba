using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;

namespace Nexus.Data.Trains;

/// <summary>
/// May this person do that on this train? For a host to ask before it calls the other services, which ask nothing. Addresses
/// are compared without case. Each question is one round trip, and the answer is as of now: nothing is remembered.
/// </summary>
public sealed class TrainAccess
{
    private readonly UnitOfWork _work;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    public TrainAccess(IDbContextFactory<NexusDbContext> contexts)
        : this(new UnitOfWork(contexts))
    {
    }

    private TrainAccess(UnitOfWork work) => _work = work;

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public TrainAccess In(NexusDbContext db) => new(new UnitOfWork(db));

    /// <summary>What a person is on a train.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="email">The person's address.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Null where there is no such train, or the person is no member.</returns>
    public Task<TrainRole?> FindRoleAsync(string trainId, string email, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(trainId);
        ArgumentNullException.ThrowIfNull(email);

        return _work.ReadAsync(
            (db, token) => db.ReadAsync(
                """
                SELECT member.role FROM trains train
                JOIN train_members member ON member.train_id = train.id AND lower(member.user_email) = lower(@email)
                WHERE train.train_id = @train
                """,
                [DbCommands.Sought("train", trainId), DbCommands.Sought("email", email.Trim())],
                async (reader, inner) => await reader.ReadAsync(inner)
                    ? EnumText<TrainRole>.Parse(reader.GetString(0))
                    : (TrainRole?)null,
                token),
            cancellationToken);
    }

    /// <summary>Whether a person may do something on a train. Who is no member may nothing.</summary>
    /// <inheritdoc cref="FindRoleAsync" path="/param"/>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="email">The person's address.</param>
    /// <param name="action">What the person wants to do.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<bool> MayAsync(
        string trainId, string email, TrainAction action, CancellationToken cancellationToken = default)
        => await FindRoleAsync(trainId, email, cancellationToken) is { } role && Allows(role, action);

    /// <summary>The same question, answered by an exception where the person may not.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="email">The person's address.</param>
    /// <param name="action">What the person wants to do.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <exception cref="NexusDataException">The person may not (forbidden). The same is said of a train that does not exist, so
    /// that nobody learns of trains of others.</exception>
    public async Task DemandAsync(
        string trainId, string email, TrainAction action, CancellationToken cancellationToken = default)
    {
        if (!await MayAsync(trainId, email, action, cancellationToken))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Forbidden,
                $"{email} may not do that on train '{trainId}' ({action}): an owner of the train may allow it.");
        }
    }

    /// <summary>Whether a person may rename, revoke or delete an API key: an owner of its train, or who made it and is still a
    /// member.</summary>
    /// <param name="apiKeyId">The key, by its primary key.</param>
    /// <param name="email">The person's address.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<bool> MayManageKeyAsync(Guid apiKeyId, string email, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(email);

        return _work.ReadAsync(
            (db, token) => db.ReadAsync(
                """
                SELECT FROM train_api_keys key
                JOIN train_members member ON member.train_id = key.train_id AND lower(member.user_email) = lower(@email)
                WHERE key.id = @id AND (member.role = 'owner' OR lower(key.created_by) = lower(@email))
                """,
                [DbCommands.Uuid("id", apiKeyId), DbCommands.Sought("email", email.Trim())],
                (reader, inner) => reader.ReadAsync(inner), token),
            cancellationToken);
    }

    /// <summary>Whether a role allows an action, on whatever train.</summary>
    /// <param name="role">The role.</param>
    /// <param name="action">The action.</param>
    public static bool Allows(TrainRole role, TrainAction action)
        => role == TrainRole.Owner || action is TrainAction.View or TrainAction.Analyze or TrainAction.CreateKey;
}
