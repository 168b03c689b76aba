using System.Text.Json;
using Bogus;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Analyses;
using Nexus.Data.Conversations;
using Nexus.Data.Credentials;
using Nexus.Data.Recording;
using Nexus.Data.Seeding.Analyses;
using Nexus.Data.Seeding.Credentials;
using Nexus.Data.Seeding.Requests;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Seeding.Trains;
using Nexus.Data.Seeding.Usage;
using Nexus.Data.Tests.Documentation;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Seeding;

/// <summary>Fakers of the proxy's rows make what the database and the services take, and the same from the same seed.</summary>
public sealed class ProxyFakerTests : ServiceTest
{
    private static readonly DateTimeOffset _start = new(2025, 3, 1, 8, 0, 0, TimeSpan.Zero);

    // What the library writes along with other rows, or the server computes: made up, it would contradict these.
    private static readonly string[] _derived =
    [
        nameof(TaskPrompt), "LinkWait", nameof(SummaryKey), "ConversationTotals", "BranchTotals", "HourlyTotals", "RequestWords",
        nameof(Nexus.Data.Usage.HourlyStat),
    ];

    private protected override bool KeepsTotals => true;

    [Test]
    public async Task What_fakers_make_can_be_stored_and_read_back()
    {
        var rows = Rows.Make(7, _start);
        await using (var db = OpenContext())
        {
            db.AddRange(rows.All);
            await db.SaveChangesAsync();
        }

        await using var read = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That(Json(await read.Trains.OrderBy(row => row.CreatedAt).ToListAsync()), Is.EqualTo(Json(rows.Trains)));
            Assert.That(Json(await read.Credentials.OrderBy(row => row.CreatedAt).ToListAsync()), Is.EqualTo(Json(rows.Credentials)));
            Assert.That(await read.TrainAccounts.CountAsync(), Is.EqualTo(12));
            Assert.That(Json(await read.TrainMembers.OrderBy(row => row.AddedAt).ToListAsync()), Is.EqualTo(Json(rows.Members)));
            Assert.That(Json(await read.TrainApiKeys.OrderBy(row => row.CreatedAt).ToListAsync()), Is.EqualTo(Json(rows.Keys)));
            Assert.That(await read.Requests.Select(row => row.RequestId).ToListAsync(), Is.EquivalentTo(rows.Requests.Select(row => row.RequestId)));
            Assert.That(await read.Requests.CountAsync(row => row.Error != null && row.ResponseStatus == 529), Is.EqualTo(2));
            Assert.That(await read.StreamingChunks.OrderBy(row => row.ChunkIndex).Select(row => row.Data).ToListAsync(), Is.EqualTo(rows.Chunks.Select(row => row.Data)));
            Assert.That(await read.Analyses.Select(row => row.Status).ToListAsync(), Is.EquivalentTo(rows.Analyses.Select(row => row.Status)));
            Assert.That(Json(await read.AuditLog.OrderBy(row => row.Timestamp).Select(row => row.EventType).ToListAsync()), Is.EqualTo(Json(rows.Audit.Select(row => row.EventType))));
            Assert.That(
                await read.ModelPrices.OrderBy(row => row.ValidFrom).ThenBy(row => row.Model).Select(row => row.CacheReadPrice).ToListAsync(),
                Is.EqualTo(rows.Prices.OrderBy(row => row.ValidFrom).ThenBy(row => row.Model, StringComparer.Ordinal).Select(row => row.CacheReadPrice)));
        });
    }

    [Test]
    public void The_same_seed_makes_the_same_rows_and_another_seed_others()
    {
        var (first, again, other) = (Rows.Make(7, _start), Rows.Make(7, _start), Rows.Make(8, _start));

        Assert.That(again.Text(), Is.EqualTo(first.Text()));
        Assert.That(other.Text(), Is.Not.EqualTo(first.Text()));
    }

    [Test]
    public async Task Rows_of_several_seeds_live_side_by_side()
    {
        await using var db = OpenContext();
        db.AddRange(Rows.Make(7, _start).All);
        db.AddRange(Rows.Make(8, _start.AddYears(1)).All);

        Assert.That(() => db.SaveChangesAsync(), Throws.Nothing);
    }

    [Test]
    public void Rows_without_a_start_begin_with_2025()
    {
        var beginning = new DateTimeOffset(2025, 1, 1, 9, 0, 0, TimeSpan.Zero);

        Assert.That(new TrainFaker().Generate().CreatedAt, Is.EqualTo(beginning));
        Assert.That(new RequestFaker("a").Generate().Timestamp, Is.EqualTo(beginning));
    }

    [Test]
    public async Task A_key_that_was_made_up_opens_its_train()
    {
        var train = new TrainFaker(7, _start).Generate();
        var key = new TrainApiKeyFaker(train.Id, 7, _start).Generate();
        await using (var db = OpenContext())
        {
            db.AddRange(train, key);
            await db.SaveChangesAsync();
        }

        var clear = TrainApiKeyFaker.KeyOf(key);
        var verified = await Service<ApiKeyService>().VerifyAsync(clear);

        Assert.Multiple(() =>
        {
            Assert.That(verified!.TrainId, Is.EqualTo(train.TrainId));
            Assert.That(clear, Does.StartWith(key.KeyPrefix).And.EndWith(key.KeySuffix));
            Assert.That(ApiKeyText.MayBeKey(clear), Is.True);
            Assert.That(ApiKeyText.MayBeKey(clear[..^1] + (clear[^1] == 'a' ? 'b' : 'a')), Is.False, "It has a checksum.");
        });
    }

    [Test]
    public async Task Tokens_are_protected_and_read_where_the_key_is_configured()
    {
        var credential = new CredentialFaker(7, _start).Generate();
        var services = Services(configure => configure.Configure<CredentialProtectionOptions>(
            options => options.Keys[SeedCredentialProtector.KeyId] = SeedCredentialProtector.Key));
        await using (var db = OpenContext())
        {
            db.Add(credential);
            await db.SaveChangesAsync();
        }

        var protector = services.GetRequiredService<ICredentialProtector>();
        var info = await services.GetRequiredService<CredentialStore>().FindAsync(credential.AccountId);
        Assert.Multiple(() =>
        {
            Assert.That(credential.OauthAccessToken, Does.StartWith("nx1:seed:").And.Not.Contain("seed-access"));
            Assert.That(protector.Unprotect(credential.OauthAccessToken, SecretContext.AccessToken(credential.Id)), Is.EqualTo($"seed-access-{credential.Id:N}"));
            Assert.That(new SeedCredentialProtector().Unprotect(credential.OauthRefreshToken, SecretContext.RefreshToken(credential.Id)), Is.EqualTo($"seed-refresh-{credential.Id:N}"));
            Assert.That(() => protector.Unprotect(credential.OauthAccessToken, SecretContext.RefreshToken(credential.Id)), Throws.InstanceOf<NexusDataException>());
            Assert.That(new CredentialFaker(7, _start, protector).Generate().OauthAccessToken, Is.Not.EqualTo(credential.OauthAccessToken));
            Assert.That(info!.AccountName, Is.EqualTo(credential.AccountName));
        });
    }

    [Test]
    public async Task Requests_are_linked_as_any_others()
    {
        var requests = new RequestFaker("freight", 7, _start, "acc").Generate(12);
        await using (var db = OpenContext())
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.AddRange(requests);
            await new ConversationLinker(db).LinkAsync(requests);
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
        }

        await using var read = OpenContext();
        Assert.That(await read.Requests.CountAsync(row => row.LinkKind == LinkKind.Root && row.ConversationId != null), Is.EqualTo(12));
    }

    [Test]
    public async Task The_examples_of_the_documents_store_trains_and_requests()
    {
        await using (var db = OpenContext())
        {
            Assert.That(await SeedingExamples.StoreTrainAsync(db, default), Does.StartWith("cnp_seed_"));
        }

        await using (var db = OpenContext())
        {
            await SeedingExamples.RecordAsync(db, Service<RequestRecorder>(), default);
        }

        await using var read = OpenContext();
        Assert.That((await read.Trains.CountAsync(), await read.Requests.CountAsync()), Is.EqualTo((3, 325)));
    }

    [Test]
    public void There_are_no_more_rows_than_there_are_places()
    {
        Guid[] two = [Guid.NewGuid(), Guid.NewGuid()];

        Assert.That(() => new TrainAccountFaker(two, two).Generate(5), Throws.InvalidOperationException);
        Assert.That(() => new ConversationAnalysisFaker(two).Generate(3), Throws.InvalidOperationException);
    }

    [TestCase(ConversationAnalysisStatus.Pending)]
    [TestCase(ConversationAnalysisStatus.Processing)]
    [TestCase(ConversationAnalysisStatus.Failed)]
    public async Task An_analysis_can_be_at_any_point(ConversationAnalysisStatus status)
    {
        await using (var db = OpenContext())
        {
            db.Add(new ConversationAnalysisFaker([Guid.NewGuid()], status: status).Generate());
            await db.SaveChangesAsync();
        }

        await using var read = OpenContext();
        var analysis = await read.Analyses.SingleAsync();
        Assert.That(analysis.Status, Is.EqualTo(status));
        Assert.That((analysis.ErrorMessage is not null, analysis.LeaseId is not null), Is.EqualTo((status == ConversationAnalysisStatus.Failed, status == ConversationAnalysisStatus.Processing)));
    }

    [Test]
    public void Every_entity_that_an_application_writes_has_a_faker()
    {
        using var db = OpenContext();
        var made = typeof(RequestTraffic).Assembly.GetExportedTypes()
            .Where(type => type.BaseType is { IsGenericType: true } faker && faker.GetGenericTypeDefinition() == typeof(Faker<>))
            .Select(type => type.BaseType!.GetGenericArguments()[0].Name);
        var written = db.Model.GetEntityTypes().Where(entity => !entity.IsAbstract()).Select(entity => entity.ClrType.Name);

        Assert.That(made.Concat(_derived), Is.EquivalentTo(written), "A new entity needs a faker, or a line among the derived ones.");
    }

    private static string Json<T>(T rows) => JsonSerializer.Serialize(rows);

    // Some of each, which belong together.
    private sealed record Rows(
        List<Train> Trains, List<AnthropicCredential> Credentials, List<TrainAccount> Accounts, List<TrainMember> Members,
        List<TrainApiKey> Keys, List<Nexus.Data.Requests.ApiRequest> Requests, List<Nexus.Data.Requests.StreamingChunk> Chunks,
        List<ConversationAnalysis> Analyses, List<AuditLogEntry> Audit, List<Nexus.Data.Usage.ModelPrice> Prices)
    {
        public IEnumerable<object> All =>
            [.. Trains, .. Credentials, .. Accounts, .. Members, .. Keys, .. Requests, .. Chunks, .. Analyses, .. Audit, .. Prices];

        public static Rows Make(int seed, DateTimeOffset start)
        {
            var trains = new TrainFaker(seed, start).Generate(4);
            var credentials = new CredentialFaker(seed, start).Generate(3);
            var requests = new RequestFaker(trains[0].TrainId, seed, start, credentials[0].AccountId).Generate(20);
            Guid[] conversations = [.. requests.Take(6).Select(request => request.RequestId)];
            return new(
                trains, credentials,
                new TrainAccountFaker([.. trains.Select(row => row.Id)], [.. credentials.Select(row => row.Id)], start).Generate(12),
                new TrainMemberFaker(trains[0].Id, seed, start).Generate(5), new TrainApiKeyFaker(trains[0].Id, seed, start).Generate(3),
                requests, new StreamingChunkFaker(requests[0].RequestId, seed, start).Generate(5),
                new ConversationAnalysisFaker(conversations, trains[0].TrainId, seed, start).Generate(6),
                new AuditLogFaker(conversations, trains[0].TrainId, seed, start).Generate(7), new ModelPriceFaker(seed, start).Generate(6));
        }

        // With the bodies, which are no properties.
        public string Text() => Json(this) + string.Join('\n', Requests.Select(
            row => $"{Encoding(row.GetBody())} {Encoding(row.GetResponseBody())}"));

        private static string Encoding(ReadOnlyMemory<byte>? bytes) => System.Text.Encoding.UTF8.GetString(bytes!.Value.Span);
    }
}
