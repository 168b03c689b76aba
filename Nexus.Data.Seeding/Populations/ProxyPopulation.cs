using System.Buffers.Binary;
using Nexus.Data.Analyses;
using Nexus.Data.Credentials;
using Nexus.Data.Persistence;
using Nexus.Data.Seeding.Analyses;
using Nexus.Data.Seeding.Credentials;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Seeding.Trains;
using Nexus.Data.Trains;

namespace Nexus.Data.Seeding.Populations;

/// <summary>A proxy that has been in use for a while, put together from fakers and traffic: trains with their accounts, members and API
/// keys, and the requests that came. The same options give the same rows everywhere.</summary>
/// <remarks>It opens no database: <see cref="PopulationStore"/> stores it with people and chats, or the caller does.</remarks>
public sealed class ProxyPopulation
{
    private const int AccountsOfTrain = 2;
    private const int MembersOfTrain = 4;
    private const int KeysOfTrain = 2;

    // No train of a caller's own faker is taken for one of a population.
    private const string IdKind = "proxy-train";

    // How long before its first request a train was made, at least.
    private const int DaysBefore = 7;

    private readonly ProxyPopulationOptions _options;
    private readonly Dictionary<string, (string TrainId, string AccountId, string KeyId)> _ofTraffic;

    /// <summary>Makes everything but the requests.</summary>
    /// <param name="options">How much there is of it.</param>
    /// <param name="protector">Protects the accounts' tokens; null for a <see cref="SeedCredentialProtector"/>, which gives the same
    /// text each time.</param>
    /// <exception cref="NexusDataException">An option is out of range (validation).</exception>
    public ProxyPopulation(ProxyPopulationOptions options, ICredentialProtector? protector = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options with { Until = StoredTime.Of(options.Until) };
        var (seed, made) = (options.Seed, _options.Until.AddDays(-Age(options.Days)));
        Trains = new TrainFaker(seed, made, IdKind).Generate(options.Trains);
        Credentials = new CredentialFaker(seed, made, protector).Generate(options.Trains);
        TrainAccounts = new TrainAccountFaker([.. Trains.Select(train => train.Id)], [.. Credentials.Select(account => account.Id)], made)
            .Generate(Trains.Count * Math.Min(AccountsOfTrain, Credentials.Count));
        TrainMembers = [.. Trains.SelectMany((train, place) =>
            new TrainMemberFaker(train.Id, SeedOf(place), train.CreatedAt).Generate(MembersOfTrain))];
        TrainApiKeys = [.. Trains.SelectMany((train, place) =>
            new TrainApiKeyFaker(train.Id, SeedOf(place), train.CreatedAt).Generate(KeysOfTrain))];

        // Traffic has names of its own for trains, counted from 1.
        _ofTraffic = Enumerable.Range(0, Trains.Count).ToDictionary(
            place => FormattableString.Invariant($"train-{place + 1}"),
            place => (Trains[place].TrainId, Credentials[place].AccountId, TrainApiKeys[place * KeysOfTrain].Id.ToString()));
    }

    /// <summary>The time before which everything happened.</summary>
    public DateTimeOffset Until => _options.Until;

    /// <summary>How many requests there are.</summary>
    public int Count => _options.Requests;

    /// <summary>The trains.</summary>
    public IReadOnlyList<Train> Trains { get; }

    /// <summary>Their accounts, as many as trains.</summary>
    public IReadOnlyList<AnthropicCredential> Credentials { get; }

    /// <summary>Which train may use which: its own account, and that of another train where there is one.</summary>
    public IReadOnlyList<TrainAccount> TrainAccounts { get; }

    /// <summary>The members, of each train its owner first.</summary>
    public IReadOnlyList<TrainMember> TrainMembers { get; }

    /// <summary>The API keys, of each train the one that its requests came with first. <see cref="TrainApiKeyFaker.KeyOf(TrainApiKey)"/>
    /// gives them in clear.</summary>
    public IReadOnlyList<TrainApiKey> TrainApiKeys { get; }

    /// <summary>The requests in the order of their times, made while they are read, each time anew. All are of business hours.</summary>
    public IEnumerable<TrafficRequest> Requests() => StoppableRequests(CancellationToken.None);

    /// <summary>The same, which stops in the middle of a day too.</summary>
    internal IEnumerable<TrafficRequest> StoppableRequests(CancellationToken cancellationToken)
        => new ProxyDays(_options, cancellationToken).Requests().Select(request =>
        {
            var (train, account, key) = _ofTraffic[request.TrainId];
            return request with { TrainId = train, AccountId = account, ApiKeyId = key };
        });

    /// <summary>An analysis that was completed shortly before the end, with what the audit log says of it.</summary>
    /// <param name="trainId">The conversation's train, by its slug.</param>
    /// <param name="conversationId">The conversation, as linking has named it.</param>
    public (ConversationAnalysis Analysis, IReadOnlyList<AuditLogEntry> Audit) Analyze(string trainId, Guid conversationId)
    {
        // Each conversation has random numbers of its own, whatever others there are.
        var seed = SeedOf(BinaryPrimitives.ReadInt32BigEndian(conversationId.ToByteArray(bigEndian: true)));
        var ordered = Until.AddMinutes(-30);
        return (
            new ConversationAnalysisFaker([conversationId], trainId, seed, ordered, ConversationAnalysisStatus.Completed).Generate(),
            new AuditLogFaker([conversationId], trainId, seed, ordered).Generate(3));
    }

    /// <summary>The identifier of a seed's first train.</summary>
    internal static Guid FirstTrain(int seed) => SeedId.Of(IdKind, seed, 0);

    /// <summary>When the first train was made, in days before the end.</summary>
    internal static int Age(int days) => days + DaysBefore;

    private int SeedOf(int place) => unchecked((_options.Seed * 397) ^ place);
}
