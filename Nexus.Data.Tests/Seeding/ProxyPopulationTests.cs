using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Analyses;
using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Credentials;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Seeding.Credentials;
using Nexus.Data.Seeding.Populations;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Seeding.Trains;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;
using Npgsql;

namespace Nexus.Data.Tests.Seeding;

public sealed class ProxyPopulationTests : ServiceTest
{
    private static readonly DateTimeOffset _noon = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly LargePopulationOptions _large = new()
    {
        Until = new(2025, 6, 1, 0, 0, 0, TimeSpan.Zero),
        Users = 20,
        Groups = 5,
        DirectChats = 10,
        Messages = 100,
        Days = 3,
        Requests = 1_500,
    };

    // Without what hangs on the server's clock, its transactions and its sequences.
    private const string Rows =
        """
        SELECT string_agg(row, E'\n' ORDER BY row) FROM (
            SELECT u::text FROM users u UNION ALL SELECT c::text FROM chats c UNION ALL SELECT m::text FROM chat_members m
            UNION ALL SELECT (to_jsonb(m) - 'written_in')::text FROM messages m
            UNION ALL SELECT a::text FROM anthropic_credentials a UNION ALL SELECT t::text FROM trains t
            UNION ALL SELECT t::text FROM train_accounts t UNION ALL SELECT t::text FROM train_members t
            UNION ALL SELECT t::text FROM train_api_keys t
            UNION ALL SELECT md5((to_jsonb(r) - 'created_at')::text) || request_id FROM api_requests r
            UNION ALL SELECT p::text FROM task_prompts p UNION ALL SELECT k::text FROM summary_keys k UNION ALL SELECT w::text FROM link_waits w
            UNION ALL SELECT t::text FROM conversation_totals t UNION ALL SELECT t::text FROM branch_totals t UNION ALL SELECT (to_jsonb(t) - 'slot')::text FROM hourly_totals t
            UNION ALL SELECT (to_jsonb(a) - '{id,updated_at}'::text[])::text FROM conversation_analyses a
            UNION ALL SELECT (to_jsonb(l) - 'id')::text FROM analysis_audit_log l) t (row)
        """;

    private protected override bool KeepsTotals => true;

    [Test]
    public async Task Exactly_so_many_requests_are_linked_and_counted()
    {
        var report = await PutAsync(450);

        await using var db = OpenContext();
        var verdict = await new PopulationVerifier(Contexts()).VerifyAsync();
        var doctor = await Service<Doctor>(services => services.Configure<CredentialProtectionOptions>(
            options => options.Keys[SeedCredentialProtector.KeyId] = SeedCredentialProtector.Key)).RunAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(report.Tables.Skip(4).Take(6).Select(table => (table.Table, table.Rows, table.Added)), Is.EqualTo(new[]
            {
                ("anthropic_credentials", 5L, 5L), ("trains", 5L, 5L), ("train_accounts", 10L, 10L), ("train_members", 20L, 20L),
                ("train_api_keys", 10L, 10L), ("api_requests", 450L, 450L),
            }));
            Assert.That(await db.Requests.CountAsync(), Is.EqualTo(450));
            Assert.That(await db.Requests.CountAsync(row => row.ConversationId == null && row.RequestType != "quota" && row.RequestType != "token_count"), Is.Zero);
            Assert.That(await db.Requests.CountAsync(row => row.LinkKind == LinkKind.Exact), Is.GreaterThan(200));
            Assert.That(await db.Requests.Select(row => row.ConversationId).Distinct().CountAsync(), Is.InRange(10, 150));
            Assert.That(await db.Requests.CountAsync(row => row.Timestamp >= _noon || row.CompletedAt >= _noon), Is.Zero);
            Assert.That(await db.Requests.CountAsync(row => row.Timestamp.Hour < 9 || row.Timestamp.Hour >= 19), Is.Zero);
            Assert.That(await db.Requests.Select(row => row.Timestamp.Date).Distinct().CountAsync(), Is.EqualTo(3));
            Assert.That(await db.Requests.CountAsync(row => !db.Trains.Any(train => train.TrainId == row.TrainId && train.CreatedAt < row.Timestamp)), Is.Zero);
            Assert.That(await db.Requests.CountAsync(row => !db.Credentials.Any(account => account.AccountId == row.AccountId)), Is.Zero);
            Assert.That(await db.Analyses.CountAsync(row => row.Status == ConversationAnalysisStatus.Completed), Is.EqualTo(12));
            Assert.That(await db.AuditLog.CountAsync(), Is.EqualTo(36));
            Assert.That(verdict.Checks.Where(check => check.Violations > 0), Is.Empty);
            Assert.That(doctor.Where(check => check.Result.Status != CheckStatus.Ok).Select(check => $"{check.Name}: {check.Result.Finding}"), Is.Empty);
        });
    }

    [Test]
    public async Task Requests_are_linked_as_they_are_meant_and_as_a_rebuild_links_them()
    {
        await CopyAsync(_large);

        var meant = new ProxyPopulation(_large.Proxy).Requests().Where(request => request.TakesPart)
            .GroupBy(request => (request.Timestamp.Date, request.ConversationKey)).Select(group => group.Count()).Order();
        await using var db = OpenContext();
        var found = await db.Requests.Where(row => row.ConversationId != null).GroupBy(row => row.ConversationId)
            .Select(group => group.Count()).ToListAsync();
        var rebuild = await Service<ConversationRebuilder>().RebuildAsync();
        Assert.Multiple(() =>
        {
            Assert.That(found.Order(), Is.EqualTo(meant));
            Assert.That(rebuild.ChangedRequests + rebuild.Trains.Sum(train => train.ChangedDetails), Is.Zero);
        });
    }

    [Test]
    public async Task Done_twice_the_rows_are_the_same_and_more_requests_are_added_to_them()
    {
        await PutAsync(150, at: _noon);
        var before = await RowsAsync();

        var again = await PutAsync(150);
        var rows = await RowsAsync();
        var later = await PutAsync(150, at: _noon.AddDays(1));
        var more = await PutAsync(260);
        var fewer = await PutAsync(20);

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That((again.Added, again.Changed), Is.EqualTo((0L, 0L)));
            Assert.That(rows, Is.EqualTo(before));
            Assert.That(later.Tables.Skip(4).Sum(table => table.Added), Is.Zero, "Requests are not moved.");
            Assert.That(Requests(more), Is.EqualTo((260L, 110L)));
            Assert.That(Requests(fewer), Is.EqualTo((20L, 0L)));
            Assert.That(await db.Requests.CountAsync(), Is.EqualTo(260));
            Assert.That(await db.Trains.CountAsync(), Is.EqualTo(5));
        });
    }

    [Test]
    public async Task The_same_seed_and_end_give_the_same_rows_in_any_database()
    {
        await CopyAsync(_large);
        var first = await RowsAsync();
        await AdministerAsync(
            "TRUNCATE users, chats, api_requests, trains, anthropic_credentials, conversation_analyses, analysis_audit_log, task_prompts, summary_keys, link_waits, conversation_totals, branch_totals, hourly_totals, request_words CASCADE");

        await CopyAsync(_large);

        Assert.That(await RowsAsync(), Is.EqualTo(first));
    }

    [Test]
    public async Task Several_seeds_and_the_small_population_live_side_by_side()
    {
        var large = _large with { Requests = 60 };
        await PutAsync(60);
        await CopyAsync(large);
        await CopyAsync(large with { Seed = 7 });

        var exception = Assert.ThrowsAsync<NexusDataException>(() => CopyAsync(large));

        await using var db = OpenContext();
        Assert.That(exception!.Kind, Is.EqualTo(NexusDataErrorKind.Conflict));
        Assert.That(await db.Requests.CountAsync(), Is.EqualTo(180));
        Assert.That(await db.Trains.CountAsync(), Is.EqualTo(15));
    }

    [Test]
    public async Task What_was_removed_comes_back_and_what_was_changed_of_the_proxy_stays()
    {
        await PutAsync(150);
        await using (var db = OpenContext())
        {
            var train = await db.Trains.AsTracking().OrderBy(row => row.CreatedAt).FirstAsync();
            train.Name = "Ours";
            await db.SaveChangesAsync();
            await db.TrainMembers.Where(row => row.TrainId == train.Id).ExecuteDeleteAsync();
        }

        var report = await PutAsync(150);

        await using var read = OpenContext();
        Assert.That(report.Added, Is.EqualTo(4));
        Assert.That(await read.Trains.AnyAsync(row => row.Name == "Ours"), Is.True);
    }

    [Test]
    public async Task A_train_of_somebody_else_and_a_request_in_another_train_are_told_of_and_nothing_is_left()
    {
        var slug = new TrainFaker(SmallPopulationOptions.DefaultSeed).Generate().TrainId;
        await AdministerAsync($"INSERT INTO trains (train_id, name) VALUES ('{slug}', 'Theirs')");
        var train = Assert.ThrowsAsync<NexusDataException>(() => PutAsync(10));
        await using var db = OpenContext();
        var people = await db.Users.CountAsync();
        await db.Trains.ExecuteDeleteAsync();
        await PutAsync(10);
        await ChangeRequestsAsync("UPDATE api_requests SET train_id = 'theirs' WHERE request_id = (SELECT min(request_id::text)::uuid FROM api_requests)");

        var request = Assert.ThrowsAsync<NexusDataException>(() => PutAsync(10));

        Assert.Multiple(() =>
        {
            Assert.That(train!.Message, Does.Contain("trains_train_id_key").And.Contain("take another seed"));
            Assert.That(people, Is.Zero);
            Assert.That(request!.Kind, Is.EqualTo(NexusDataErrorKind.Conflict));
            Assert.That(request.Message, Does.Contain("is stored in another train, theirs"));
        });
    }

    [Test]
    public async Task What_was_pruned_of_it_is_no_conflict_and_stays()
    {
        await PutAsync(150);
        await ChangeRequestsAsync("UPDATE api_requests SET body = NULL, body_original = NULL, response_body = NULL, response_body_original = NULL");

        var again = await PutAsync(150);
        var more = await PutAsync(260);

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That((again.Added, again.Changed), Is.EqualTo((0L, 0L)));
            Assert.That(Requests(again), Is.EqualTo((150L, 0L)));
            Assert.That(Requests(more), Is.EqualTo((260L, 110L)));
            Assert.That(await db.Requests.CountAsync(row => row.Body == null), Is.EqualTo(150));
        });
    }

    [Test]
    public async Task A_train_of_a_faker_with_the_same_seed_is_none_of_the_population()
    {
        var train = new TrainFaker(SmallPopulationOptions.DefaultSeed, DateTimeOffset.UtcNow).RuleFor(row => row.TrainId, "ours").Generate();
        await using (var db = OpenContext())
        {
            db.Add(train);
            await db.SaveChangesAsync();
        }

        await PutAsync(10, _noon);

        await using var read = OpenContext();
        Assert.That(await read.Trains.CountAsync(), Is.EqualTo(6));
        Assert.That(await read.Requests.CountAsync(row => row.Timestamp >= _noon), Is.Zero);
    }

    [Test]
    public async Task A_first_train_that_was_made_younger_moves_no_request_into_the_future()
    {
        await PutAsync(10, _noon);
        await AdministerAsync("UPDATE trains SET created_at = now()");

        await PutAsync(20);

        await using var db = OpenContext();
        Assert.That(await db.Requests.CountAsync(), Is.EqualTo(20));
        Assert.That(await db.Requests.CountAsync(row => row.Timestamp >= _noon), Is.Zero);
    }

    [TestCase("true")]
    [TestCase("response_status IS NULL AND error IS NULL AND response_body IS NULL")]
    public async Task Requests_that_stayed_behind_are_a_conflict(string stay)
    {
        await CopyAsync(_large);
        await AdministerAsync("TRUNCATE users, chats, trains, anthropic_credentials CASCADE");
        await ChangeRequestsAsync($"DELETE FROM api_requests WHERE NOT ({stay})");
        await using var db = OpenContext();
        var left = await db.Requests.CountAsync();

        var exception = Assert.ThrowsAsync<NexusDataException>(() => CopyAsync(_large));

        Assert.That(left, Is.GreaterThan(0));
        Assert.That(exception!.Kind, Is.EqualTo(NexusDataErrorKind.Conflict));
        Assert.That(exception.Message, Does.Contain("take another seed"));
        Assert.That(await db.Users.AnyAsync(), Is.False);
    }

    [Test]
    public void Requests_are_not_made_to_the_end_of_a_day_by_who_is_stopped()
    {
        var proxy = new ProxyPopulation(new() { Until = _noon, Requests = 200 });

        Assert.That(() => proxy.StoppableRequests(new(canceled: true)).First(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void A_key_that_fails_is_told_of_and_none_is_the_key_of_seeds()
    {
        var without = new AesCredentialProtector(Microsoft.Extensions.Options.Options.Create(new CredentialProtectionOptions()));

        Assert.Multiple(() =>
        {
            Assert.That(SeedCredentialProtector.Or(null), Is.InstanceOf<SeedCredentialProtector>());
            Assert.That(SeedCredentialProtector.Or(without), Is.InstanceOf<SeedCredentialProtector>());
            Assert.That(
                () => new PopulationStore(Contexts(), protector: new Broken()).PutAsync(SmallPopulation.Read(), new() { Requests = 1 }),
                Throws.InstanceOf<NexusDataException>().With.Message.EqualTo("The key is malformed."));
        });
    }

    [Test]
    public async Task Tokens_are_under_the_hosts_key_where_it_has_one()
    {
        var protector = new AesCredentialProtector(Microsoft.Extensions.Options.Options.Create(
            new CredentialProtectionOptions { Keys = { ["own"] = CredentialKeys.Generate("own")[4..] } }));
        await new PopulationStore(Contexts(), protector: protector).PutAsync(SmallPopulation.Read(), new() { Requests = 1 });

        await using var db = OpenContext();
        Assert.That(await db.Credentials.Select(row => row.OauthAccessToken).ToListAsync(), Has.All.StartsWith("nx1:own:"));
    }

    [Test]
    public async Task A_key_of_its_requests_opens_their_train()
    {
        await PutAsync(20);

        await using var db = OpenContext();
        var request = await db.Requests.FirstAsync();
        var key = await db.TrainApiKeys.SingleAsync(row => row.Id == Guid.Parse(request.ApiKeyId!));
        Assert.That((await Service<ApiKeyService>().VerifyAsync(TrainApiKeyFaker.KeyOf(key)))!.TrainId, Is.EqualTo(request.TrainId));
    }

    [Test]
    public async Task What_is_stopped_among_the_requests_leaves_nothing()
    {
        using var stop = new CancellationTokenSource();

        Assert.That(
            () => Store().PutAsync(SmallPopulation.Read(), new() { At = _noon, Requests = 2_000 }, new Stopper(stop), stop.Token),
            Throws.InstanceOf<OperationCanceledException>());

        await using var db = OpenContext();
        Assert.That(await db.Users.AnyAsync() || await db.Requests.AnyAsync() || await db.Trains.AnyAsync(), Is.False);
    }

    [Test]
    public async Task The_locks_of_its_transaction_do_not_grow_with_the_requests()
    {
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await Store().In(db).PutAsync(SmallPopulation.Read(), new() { At = _noon, Requests = 1_500 });

        var locks = await db.Database.SqlQuery<int>(
            $"""SELECT count(*)::int AS "Value" FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('advisory', 'transactionid')""").SingleAsync();

        Assert.That(locks, Is.LessThan(15));
    }

    [Test]
    public async Task Those_who_populate_at_once_do_it_once()
    {
        var reports = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PutAsync(60)));

        await using var db = OpenContext();
        Assert.That(await db.Requests.CountAsync(), Is.EqualTo(60));
        Assert.That(reports.Sum(report => Requests(report).Added), Is.EqualTo(60));
    }

    [TestCase(1, 100, 1, "2025-03-01T00:00Z")]
    [TestCase(200, 100, 1, "2025-03-01T11:00Z")]
    [TestCase(201, 100, 2, "2025-03-01T10:59Z")]
    [TestCase(1_000, 2, 2, "2025-03-01T19:30Z")]
    [TestCase(3_000, 1, 1, "2025-03-01T11:00Z")]
    [TestCase(700, 365, 4, "2025-03-01T12:00Z")]
    public void Requests_come_before_the_end_in_the_order_of_their_times(int count, int days, int daysUsed, string until)
    {
        var end = DateTimeOffset.Parse(until, System.Globalization.CultureInfo.InvariantCulture);
        var proxy = new ProxyPopulation(new() { Until = end, Requests = count, Days = days });

        List<TrafficRequest> requests = [.. proxy.Requests()];

        Assert.Multiple(() =>
        {
            Assert.That(requests, Has.Count.EqualTo(count));
            Assert.That(requests.Select(request => request.Timestamp), Is.Ordered);
            Assert.That(requests.Select(request => request.RequestId), Is.Unique);
            Assert.That(requests.Max(request => request.CompletedAt), Is.LessThan(end));
            Assert.That(requests.Select(request => request.Timestamp.Hour), Is.All.InRange(9, 18));
            Assert.That(requests.Select(request => request.Timestamp.Date).Distinct().Count(), Is.EqualTo(daysUsed));
            Assert.That(requests[0].Timestamp, Is.GreaterThan(proxy.Trains.Max(train => train.CreatedAt)!.Value));
        });
    }

    [Test]
    public void What_cannot_be_is_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => PutAsync(-1), Refused("0 to 20,000 requests"));
            Assert.That(() => PutAsync(20_001), Refused("0 to 20,000 requests"));
            Assert.That(() => CopyAsync(_large with { Requests = -1 }), Refused("0 to 10,000,000 requests"));
            Assert.That(() => CopyAsync(_large with { Requests = 600_001 }), Refused("A day takes 200,000 requests"));
            Assert.That(() => new ProxyPopulation(new() { Until = _noon, Requests = 1, Trains = 101 }), Refused("1 to 100 trains"));
            Assert.That(() => new ProxyPopulation(new() { Until = _noon, Requests = 1, Days = 0 }), Refused("1 to 3,650 days"));
        });

        static NUnit.Framework.Constraints.IResolveConstraint Refused(string said)
            => Throws.InstanceOf<NexusDataException>().With.Message.Contains(said)
                .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Validation);
    }

    private static (long Rows, long Added) Requests(PopulationReport report)
        => report.Tables.Where(table => table.Table == "api_requests").Select(table => (table.Rows, table.Added)).Single();

    private PopulationStore Store() => new(Contexts());

    private Task<PopulationReport> PutAsync(int requests, DateTimeOffset? at = null)
        => Store().PutAsync(SmallPopulation.Read(), new() { At = at ?? (requests == 450 ? _noon : null), Requests = requests });

    private Task<PopulationReport> CopyAsync(LargePopulationOptions options) => Store().CopyAsync(options);

    private async Task<string> RowsAsync()
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var command = source.CreateCommand(Rows);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private sealed class Broken : ICredentialProtector
    {
        public string Protect(string secret, string context) => throw new NexusDataException(NexusDataErrorKind.Validation, "The key is malformed.");

        public string Unprotect(string stored, string context) => stored;

        public bool IsProtected(string stored) => false;

        public bool IsCurrent(string stored) => false;
    }

    private sealed class Stopper(CancellationTokenSource stop) : IProgress<PopulationProgress>
    {
        public void Report(PopulationProgress value) => stop.Cancel();
    }
}
