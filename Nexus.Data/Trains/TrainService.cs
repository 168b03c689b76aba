using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Credentials;
using Nexus.Data.Persistence;

namespace Nexus.Data.Trains;

/// <summary>
/// Makes, changes and lists trains. Whether the caller may do it is not asked: <see cref="TrainAccess"/> answers that.
/// </summary>
public sealed partial class TrainService
{
    private readonly UnitOfWork _work;
    private readonly ICredentialProtector _protector;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="protector">Protects the addresses where Slack takes notices.</param>
    public TrainService(IDbContextFactory<NexusDbContext> contexts, ICredentialProtector protector)
        : this(new UnitOfWork(contexts), protector)
    {
    }

    private TrainService(UnitOfWork work, ICredentialProtector protector)
    {
        ArgumentNullException.ThrowIfNull(protector);
        _work = work;
        _protector = protector;
    }

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    public TrainService In(NexusDbContext db) => new(new UnitOfWork(db), _protector);

    /// <summary>Makes a train and its first owner, both or neither.</summary>
    /// <param name="train">The train.</param>
    /// <param name="ownerEmail">The first owner's address.</param>
    /// <param name="createdBy">Who makes it; null for the owner.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The train as it is stored.</returns>
    /// <exception cref="NexusDataException">The slug is taken (conflict), or a value is wrong (validation), and the message
    /// says which.</exception>
    public Task<TrainInfo> CreateAsync(
        NewTrain train, string ownerEmail, string? createdBy = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(ownerEmail);

        var slug = train.TrainId?.Trim() ?? "";
        if (!Slug().IsMatch(slug))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"'{slug}' is no slug of a train: 1 to 255 letters, digits and . _ : -, a letter or digit first.");
        }

        // Before the first statement: a caller's transaction may go on after what was refused.
        var owner = TrainMembers.Address(ownerEmail);
        var by = TrainMembers.AddedBy(createdBy ?? ownerEmail);
        var id = Guid.CreateVersion7();
        var row = new Train
        {
            Id = id,
            TrainId = slug,
            Name = TextField.Required(train.Name, 255, "train's name"),
            Description = TextField.Optional(train.Description, int.MaxValue, "train's description"),
            SlackEnabled = train.SlackEnabled,
            SlackWebhookUrl = Protect(id, train.SlackWebhookUrl),
            SlackChannel = TextField.Optional(train.SlackChannel, 255, "Slack channel"),
            SlackUsername = TextField.Optional(train.SlackUsername, 255, "Slack name"),
            SlackIconEmoji = TextField.Optional(train.SlackIconEmoji, 255, "Slack emoji"),
        };
        CheckSlack(train.SlackEnabled, row.SlackWebhookUrl is not null);
        return _work.DoAsync(
            async (db, token) =>
            {
                var inserted = await db.ExecuteAsync(
                    """
                    INSERT INTO trains (id, train_id, name, description, slack_enabled, slack_webhook_url, slack_channel,
                        slack_username, slack_icon_emoji)
                    VALUES (@id, @train, @name, @description, @enabled, @webhook, @channel, @username, @emoji)
                    ON CONFLICT DO NOTHING
                    """,
                    [
                        DbCommands.Uuid("id", row.Id), DbCommands.Text("train", slug), DbCommands.Text("name", row.Name),
                        DbCommands.Text("description", row.Description), DbCommands.Flag("enabled", row.SlackEnabled),
                        DbCommands.Text("webhook", row.SlackWebhookUrl), DbCommands.Text("channel", row.SlackChannel),
                        DbCommands.Text("username", row.SlackUsername), DbCommands.Text("emoji", row.SlackIconEmoji),
                    ],
                    token);
                if (inserted == 0)
                {
                    throw new NexusDataException(NexusDataErrorKind.Conflict, $"There is a train '{slug}' already.");
                }

                await new TrainMembers(db).AddAsync(slug, owner, TrainRole.Owner, by, token);
                return (await ReadAsync(db, trains => trains.Where(train => train.Id == id), token)).Single();
            },
            cancellationToken);
    }

    /// <summary>Changes a train: what is set is written, the rest stays, whoever changes that at the same moment.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="change">Sets what shall change. It may be called again where the connection breaks.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The train as it is stored now.</returns>
    /// <exception cref="NexusDataException">There is no such train (not found), or a value is wrong (validation).</exception>
    public Task<TrainInfo> UpdateAsync(
        string trainId, Action<TrainSettings> change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(trainId);
        ArgumentNullException.ThrowIfNull(change);
        return _work.DoAsync(
            async (db, token) =>
            {
                var row = (await db.Trains
                    .FromSql($"SELECT * FROM trains WHERE train_id = {TextField.Sought(trainId)} FOR NO KEY UPDATE")
                    .AsNoTracking().ToListAsync(token)).SingleOrDefault() ?? throw TrainErrors.NotFound(trainId);
                var before = new TrainSettings(row);
                var settings = new TrainSettings(row);
                change(settings);
                await WriteAsync(db, row, before, settings, token);
                return (await ReadAsync(db, trains => trains.Where(train => train.Id == row.Id), token)).Single();
            },
            cancellationToken);
    }

    /// <summary>Takes a train out of use: its keys count for nothing, and no account is selected for it. Its data stay.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>False where it was out of use already.</returns>
    /// <exception cref="NexusDataException">There is no such train (not found).</exception>
    public Task<bool> DisableAsync(string trainId, CancellationToken cancellationToken = default)
        => SwitchAsync(trainId, isEnabled: false, cancellationToken);

    /// <summary>Takes a train into use again.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>False where it was in use.</returns>
    /// <exception cref="NexusDataException">There is no such train (not found).</exception>
    public Task<bool> EnableAsync(string trainId, CancellationToken cancellationToken = default)
        => SwitchAsync(trainId, isEnabled: true, cancellationToken);

    /// <summary>Deletes a train with its members, API keys and links to accounts. Its requests stay, and its accounts.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>False where there is no such train.</returns>
    public Task<bool> DeleteAsync(string trainId, CancellationToken cancellationToken = default)
    {
        var slug = TextField.Sought(trainId);
        return _work.DoAsync(
            async (db, token) => await db.Trains.Where(train => train.TrainId == slug).ExecuteDeleteAsync(token) > 0,
            cancellationToken);
    }

    /// <summary>Finds a train by its slug, with accounts and members.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Null where there is none.</returns>
    public async Task<TrainInfo?> FindAsync(string trainId, CancellationToken cancellationToken = default)
    {
        var slug = TextField.Sought(trainId);
        return (await ReadAsync(trains => trains.Where(train => train.TrainId == slug), cancellationToken)).SingleOrDefault();
    }

    /// <summary>Finds a train by its primary key, with accounts and members.</summary>
    /// <param name="id">The primary key.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Null where there is none.</returns>
    public async Task<TrainInfo?> FindAsync(Guid id, CancellationToken cancellationToken = default)
        => (await ReadAsync(trains => trains.Where(train => train.Id == id), cancellationToken)).SingleOrDefault();

    /// <summary>Lists all trains by name, with accounts and members: three queries, however many trains there are.</summary>
    /// <param name="cancellationToken">Stops the queries.</param>
    public Task<IReadOnlyList<TrainInfo>> ListAsync(CancellationToken cancellationToken = default)
        => ReadAsync(trains => trains, cancellationToken);

    /// <summary>Lists the trains that a person belongs to, in the same way.</summary>
    /// <param name="email">The person's address; compared without case.</param>
    /// <param name="cancellationToken">Stops the queries.</param>
    public async Task<IReadOnlyList<TrainInfo>> ListForMemberAsync(string email, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(email);
        return await _work.ReadAsync(
            async (db, token) =>
            {
                var ids = await db.Database.SqlQuery<Guid>(
                    $"""SELECT train_id AS "Value" FROM train_members WHERE lower(user_email) = lower({TextField.Sought(email.Trim())})""")
                    .ToListAsync(token);
                return ids.Count == 0 ? [] : await ReadAsync(db, trains => trains.Where(train => ids.Contains(train.Id)), token);
            },
            cancellationToken);
    }

    /// <summary>Where a train's notices go.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Null where there is no such train, its notices do not go to Slack, or nobody said where to.</returns>
    /// <exception cref="NexusDataException">The address is protected by a key that is not configured.</exception>
    public Task<SlackTarget?> FindSlackAsync(string trainId, CancellationToken cancellationToken = default)
    {
        var slug = TextField.Sought(trainId);
        return _work.ReadAsync(
            async (db, token) =>
            {
                var train = await db.Trains.AsNoTracking()
                    .SingleOrDefaultAsync(train => train.TrainId == slug && train.SlackEnabled == true, token);
                return string.IsNullOrEmpty(train?.SlackWebhookUrl)
                    ? null
                    : new SlackTarget
                    {
                        WebhookUrl = _protector.Unprotect(train.SlackWebhookUrl, SecretContext.SlackWebhook(train.Id)),
                        Channel = NullIfEmpty(train.SlackChannel),
                        Username = NullIfEmpty(train.SlackUsername),
                        IconEmoji = NullIfEmpty(train.SlackIconEmoji),
                    };
            },
            cancellationToken);
    }

    private Task<bool> SwitchAsync(string trainId, bool isEnabled, CancellationToken cancellationToken)
    {
        var slug = TextField.Sought(trainId);
        return _work.DoAsync(
            async (db, token) =>
            {
                var changed = await db.ExecuteAsync(
                    """
                    UPDATE trains SET disabled_at = CASE WHEN @enabled THEN NULL ELSE now() END, updated_at = now()
                    WHERE train_id = @train AND (disabled_at IS NULL) <> @enabled
                    """,
                    [DbCommands.Text("train", slug), DbCommands.Flag("enabled", isEnabled)], token);
                return changed > 0
                    || (await db.Trains.AnyAsync(train => train.TrainId == slug, token)
                        ? false
                        : throw TrainErrors.NotFound(trainId));
            },
            cancellationToken);
    }

    private async Task WriteAsync(
        NexusDbContext db, Train row, TrainSettings before, TrainSettings settings, CancellationToken cancellationToken)
    {
        // Of what stays as it is nothing is asked: old rows hold what they hold.
        var name = settings.Name == before.Name ? before.Name : TextField.Required(settings.Name, 255, "train's name");
        var description = Changed(before.Description, settings.Description, int.MaxValue, "train's description");
        var channel = Changed(before.SlackChannel, settings.SlackChannel, 255, "Slack channel");
        var username = Changed(before.SlackUsername, settings.SlackUsername, 255, "Slack name");
        var emoji = Changed(before.SlackIconEmoji, settings.SlackIconEmoji, 255, "Slack emoji");
        if (settings.SlackEnabled && (!before.SlackEnabled || settings.IsSlackWebhookNew))
        {
            CheckSlack(settings.SlackEnabled, settings.HasSlackWebhook);
        }

        var webhook = settings.IsSlackWebhookNew ? Protect(row.Id, settings.NewSlackWebhookUrl) : row.SlackWebhookUrl;
        var isSame = name == before.Name && description == before.Description && channel == before.SlackChannel
            && username == before.SlackUsername && emoji == before.SlackIconEmoji
            && settings.SlackEnabled == before.SlackEnabled && !settings.IsSlackWebhookNew;
        if (!isSame)
        {
            await db.Trains.Where(train => train.Id == row.Id).ExecuteUpdateAsync(
                update => update
                    .SetProperty(train => train.Name, name)
                    .SetProperty(train => train.Description, description)
                    .SetProperty(train => train.SlackEnabled, settings.SlackEnabled)
                    .SetProperty(train => train.SlackWebhookUrl, webhook)
                    .SetProperty(train => train.SlackChannel, channel)
                    .SetProperty(train => train.SlackUsername, username)
                    .SetProperty(train => train.SlackIconEmoji, emoji)
                    .SetProperty(train => train.UpdatedAt, _ => DateTimeOffset.UtcNow),
                cancellationToken);
        }
    }

    private Task<IReadOnlyList<TrainInfo>> ReadAsync(
        Func<IQueryable<Train>, IQueryable<Train>> choose, CancellationToken cancellationToken)
        => _work.ReadAsync((db, token) => ReadAsync(db, choose, token), cancellationToken);

    private static async Task<IReadOnlyList<TrainInfo>> ReadAsync(
        NexusDbContext db, Func<IQueryable<Train>, IQueryable<Train>> choose, CancellationToken cancellationToken)
    {
        var chosen = choose(db.Trains.AsNoTracking());
        var trains = await chosen.OrderBy(train => train.Name).ThenBy(train => train.TrainId).ToListAsync(cancellationToken);
        if (trains.Count == 0)
        {
            return [];
        }

        var accounts = (await (
            from train in chosen
            join link in db.TrainAccounts on train.Id equals link.TrainId
            join credential in db.Credentials on link.CredentialId equals credential.Id
            orderby credential.AccountName
            select new
            {
                train.Id,
                Account = new LinkedAccount(
                    credential.AccountId, credential.AccountName, credential.OauthTokenSuffix, credential.OauthExpiresAt),
            }).ToListAsync(cancellationToken)).ToLookup(row => row.Id, row => row.Account);
        var members = (await (
            from train in chosen
            join member in db.TrainMembers.AsNoTracking() on train.Id equals member.TrainId
            select member).ToListAsync(cancellationToken)).ToLookup(member => member.TrainId);
        return
        [
            .. trains.Select(train => new TrainInfo(
                train.Id, train.TrainId, train.Name, train.Description, train.DisabledAt,
                new(
                    train.SlackEnabled ?? false, !string.IsNullOrEmpty(train.SlackWebhookUrl),
                    NullIfEmpty(train.SlackChannel), NullIfEmpty(train.SlackUsername), NullIfEmpty(train.SlackIconEmoji)),
                train.CreatedAt, train.UpdatedAt, [.. accounts[train.Id]], TrainMemberInfo.Sort(members[train.Id]))),
        ];
    }

    private string? Protect(Guid id, string? url)
    {
        var webhook = TextField.Optional(url, int.MaxValue, "address where Slack takes notices");
        if (webhook is null)
        {
            return null;
        }

        // The address is a secret, and so is most of a wrong one.
        return Uri.TryCreate(webhook, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps
            ? _protector.Protect(webhook, SecretContext.SlackWebhook(id))
            : throw new NexusDataException(
                NexusDataErrorKind.Validation, "The address where Slack takes notices must be absolute, with https.");
    }

    private static void CheckSlack(bool isEnabled, bool hasWebhook)
    {
        if (isEnabled && !hasWebhook)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                "Notices cannot go to Slack without an address where it takes them: give the webhook's.");
        }
    }

    private static string? Changed(string? before, string? now, int length, string field)
        => now == before ? before : TextField.Optional(now, length, field);

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9._:-]{0,254}\z")]
    private static partial Regex Slug();
}
