using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;

namespace Nexus.Data.Trains;

/// <summary>
/// Who belongs to a train. Addresses are compared without case and kept as they were written; the last owner stays one,
/// whoever else changes members at the same moment. Whether the caller may do it is not asked: <see cref="TrainAccess"/>
/// answers that.
/// </summary>
public sealed class TrainMembers
{
    private readonly UnitOfWork _work;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    public TrainMembers(IDbContextFactory<NexusDbContext> contexts)
        : this(new UnitOfWork(contexts))
    {
    }

    internal TrainMembers(NexusDbContext db)
        : this(new UnitOfWork(db))
    {
    }

    private TrainMembers(UnitOfWork work) => _work = work;

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public TrainMembers In(NexusDbContext db) => new(db);

    /// <summary>Lists a train's members, owners first, then by address.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Empty where nobody belongs to it.</returns>
    /// <exception cref="NexusDataException">There is no such train (not found).</exception>
    public Task<IReadOnlyList<TrainMemberInfo>> ListAsync(string trainId, CancellationToken cancellationToken = default)
    {
        var slug = TextField.Sought(trainId);
        return _work.ReadAsync<IReadOnlyList<TrainMemberInfo>>(
            async (db, token) =>
            {
                // A row without a member says that there is the train.
                var rows = await (
                    from train in db.Trains
                    where train.TrainId == slug
                    from member in db.TrainMembers.Where(member => member.TrainId == train.Id).DefaultIfEmpty()
                    select member).AsNoTracking().ToListAsync(token);
                return rows.Count == 0
                    ? throw TrainErrors.NotFound(trainId)
                    : TrainMemberInfo.Sort(rows.OfType<TrainMember>());
            },
            cancellationToken);
    }

    /// <summary>Adds a person.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="email">The person's address, at most 255 characters.</param>
    /// <param name="role">What the person may do.</param>
    /// <param name="addedBy">Who adds the person, at most 255 characters.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns><see cref="MemberChange.Unchanged"/> where the person is a member already, whose role stays as it is.</returns>
    /// <exception cref="NexusDataException">There is no such train (not found), or the address is none (validation).</exception>
    public Task<MemberChange> AddAsync(
        string trainId, string email, TrainRole role, string addedBy, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(trainId);
        CheckRole(role);
        var address = Address(email);
        var by = AddedBy(addedBy);
        return _work.DoAsync(
            async (db, token) =>
            {
                var (found, added) = await db.ReadAsync(
                    """
                    WITH train AS (SELECT id FROM trains WHERE train_id = @train FOR KEY SHARE),
                    added AS (
                        INSERT INTO train_members (id, train_id, user_email, role, added_by)
                        SELECT @id, id, @email, @role, @by FROM train
                        ON CONFLICT DO NOTHING RETURNING id
                    )
                    SELECT EXISTS (SELECT FROM train), EXISTS (SELECT FROM added)
                    """,
                    [
                        DbCommands.Sought("train", trainId), DbCommands.Uuid("id", Guid.CreateVersion7()),
                        DbCommands.Text("email", address), DbCommands.Text("role", EnumText<TrainRole>.Word(role)),
                        DbCommands.Text("by", by),
                    ],
                    async (reader, inner) =>
                    {
                        await reader.ReadAsync(inner);
                        return (reader.GetBoolean(0), reader.GetBoolean(1));
                    },
                    token);
                return !found ? throw TrainErrors.NotFound(trainId)
                    : added ? MemberChange.Done
                    : MemberChange.Unchanged;
            },
            cancellationToken);
    }

    /// <summary>Removes a person.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="email">The person's address.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns><see cref="MemberChange.LastOwner"/> where the train would be left without an owner.</returns>
    /// <exception cref="NexusDataException">There is no such train (not found).</exception>
    public Task<MemberChange> RemoveAsync(string trainId, string email, CancellationToken cancellationToken = default)
        => ChangeAsync(
            trainId, email, role: null,
            (members, token) => members.ExecuteDeleteAsync(token),
            cancellationToken);

    /// <summary>Gives a person another role.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="email">The person's address.</param>
    /// <param name="role">The role from now on.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns><see cref="MemberChange.LastOwner"/> where the train would be left without an owner;
    /// <see cref="MemberChange.Unchanged"/> where the person has the role already.</returns>
    /// <exception cref="NexusDataException">There is no such train (not found).</exception>
    public Task<MemberChange> ChangeRoleAsync(
        string trainId, string email, TrainRole role, CancellationToken cancellationToken = default)
    {
        CheckRole(role);
        return ChangeAsync(
            trainId, email, role,
            (members, token) => members.ExecuteUpdateAsync(update => update.SetProperty(member => member.Role, role), token),
            cancellationToken);
    }

    // A role is what the person has afterwards; null for none.
    private Task<MemberChange> ChangeAsync(
        string trainId, string email, TrainRole? role,
        Func<IQueryable<TrainMember>, CancellationToken, Task<int>> write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(trainId);
        ArgumentNullException.ThrowIfNull(email);
        return _work.DoAsync(
            async (db, token) =>
            {
                var place = await LockAsync(db, trainId, email.Trim(), token);
                if (place.MemberId is not { } id)
                {
                    return MemberChange.NotAMember;
                }

                if (place.Role == role)
                {
                    return MemberChange.Unchanged;
                }

                if (place is { Role: TrainRole.Owner, Owners: <= 1 } && role != TrainRole.Owner)
                {
                    return MemberChange.LastOwner;
                }

                await write(db.TrainMembers.Where(member => member.Id == id), token);
                return MemberChange.Done;
            },
            cancellationToken);
    }

    // Who changes a train's members locks the train first, so that nobody waits for another in a circle. It is written, not
    // only locked, so that a caller's transaction that sees an older state fails and is not wrong. What the second statement
    // sees is as of after the lock; both are one round trip.
    private static async Task<(Guid? MemberId, TrainRole? Role, long Owners)> LockAsync(
        NexusDbContext db, string trainId, string address, CancellationToken cancellationToken)
        => await db.ReadAsync(
            """
            UPDATE trains SET updated_at = updated_at WHERE train_id = @train RETURNING id;
            SELECT member.id, member.role, (
                SELECT count(*) FROM train_members owner WHERE owner.train_id = train.id AND owner.role = 'owner')
            FROM trains train
            JOIN train_members member ON member.train_id = train.id AND lower(member.user_email) = lower(@email)
            WHERE train.train_id = @train
            """,
            [DbCommands.Sought("train", trainId), DbCommands.Sought("email", address)],
            async (reader, token) =>
            {
                if (!await reader.ReadAsync(token))
                {
                    throw TrainErrors.NotFound(trainId);
                }

                await reader.NextResultAsync(token);
                return await reader.ReadAsync(token)
                    ? ((Guid?)reader.GetGuid(0), (TrainRole?)EnumText<TrainRole>.Parse(reader.GetString(1)), reader.GetInt64(2))
                    : (null, null, 0);
            },
            cancellationToken);

    private static void CheckRole(TrainRole role)
    {
        if (!Enum.IsDefined(role))
        {
            throw new ArgumentOutOfRangeException(nameof(role), role, "There is no such role.");
        }
    }

    /// <summary>Who adds somebody, as it is stored.</summary>
    internal static string AddedBy(string? name) => TextField.Required(name, 255, "name of who adds a member");

    /// <summary>An address as it is stored.</summary>
    internal static string Address(string? email)
    {
        var address = TextField.Required(email, 255, "e-mail address");
        var at = address.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && at < address.Length - 1 && !address.Any(char.IsWhiteSpace)
            ? address
            : throw new NexusDataException(NexusDataErrorKind.Validation, $"'{address}' is no e-mail address.");
    }
}
