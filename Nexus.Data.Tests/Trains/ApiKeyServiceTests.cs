using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Trains;

public sealed class ApiKeyServiceTests : TrainTest
{
    [Test]
    public async Task A_key_is_shown_once_and_speaks_for_its_train()
    {
        await MakeAsync();

        var made = await Keys.CreateAsync("rail-club", new() { Name = " laptop ", CreatedBy = Owner });
        var verified = (await Keys.VerifyAsync(made.Key))!;

        await using var db = OpenContext();
        var row = await db.TrainApiKeys.AsNoTracking().SingleAsync();
        Assert.Multiple(() =>
        {
            Assert.That(verified, Is.EqualTo(new VerifiedApiKey(made.Info.Id, "rail-club", "laptop", Owner, null)));
            Assert.That(row.KeyHash, Is.EqualTo(SHA256.HashData(Encoding.UTF8.GetBytes(made.Key))));
            Assert.That((row.KeyPrefix, row.KeySuffix), Is.EqualTo(("cnp_live_", made.Key[^4..])));
            Assert.That(made.Info.Preview, Is.EqualTo($"cnp_live_****{made.Key[^4..]}"));
            Assert.That($"{made} {made.Info} {verified} {row}", Does.Not.Contain(made.Key[..20]));
        });
    }

    [Test]
    public async Task What_is_not_to_be_let_in_is_null_whatever_it_is_and_the_log_alone_tells_why()
    {
        await MakeAsync();
        await MakeAsync("off");
        var log = new LogRecorder();
        var keys = Service<ApiKeyService>(services => services.AddLogging(logging => logging.AddProvider(log)));
        var active = await keys.CreateAsync("rail-club");
        var revoked = await keys.CreateAsync("rail-club");
        await keys.RevokeAsync(revoked.Info.Id, Owner);
        var expired = await keys.CreateAsync("rail-club", new() { ExpiresAt = DateTimeOffset.UtcNow.AddHours(1) });
        await AdministerAsync($"UPDATE train_api_keys SET expires_at = now() WHERE id = '{expired.Info.Id}'");
        var disabled = await keys.CreateAsync("off");
        await Trains.DisableAsync("off");

        string?[] shown =
        [
            revoked.Key, expired.Key, disabled.Key, ApiKeyService.Generate("cnp_live"), active.Key + "x", active.Key[..^1],
            active.Key.ToUpperInvariant(), $" {active.Key}", "", null, "\0", "'; DROP TABLE trains; --", "ключ",
        ];
        foreach (var key in shown)
        {
            Assert.That(await keys.VerifyAsync(key), Is.Null, $"{key}");
        }

        var refusals = log.Lines.Where(line => line.Contains("was refused", StringComparison.Ordinal)).ToList();
        Assert.That(await keys.VerifyAsync(active.Key), Is.Not.Null);
        Assert.That(
            refusals,
            Is.EqualTo([
                $"API key {revoked.Info.Id} of train rail-club was refused: revoked.",
                $"API key {expired.Info.Id} of train rail-club was refused: expired.",
                $"API key {disabled.Info.Id} of train off was refused: train_disabled.",
            ]));
        await Trains.EnableAsync("off");
        Assert.That(await keys.VerifyAsync(disabled.Key), Is.Not.Null);
    }

    [Test]
    public async Task Verification_is_one_round_trip_by_one_index()
    {
        await MakeAsync();
        await AdministerAsync("""
            INSERT INTO train_api_keys (train_id, key_hash, key_prefix, key_suffix)
            SELECT trains.id, sha256(i::text::bytea), 'cnp_live_', 'abcd' FROM trains, generate_series(1, 20000) i;
            ANALYZE train_api_keys;
            """);
        var key = (await Keys.CreateAsync("rail-club")).Key;
        var commands = new CommandCounter();
        var keys = new ApiKeyService(new Contexts(ConnectionString, commands));

        var verified = await keys.VerifyAsync(key);
        var plan = string.Join('\n', await ExplainAsync(commands.Commands.Single(), ApiKeyText.Hash(key)));

        Assert.That(verified, Is.Not.Null);
        Assert.That(plan, Does.Contain("train_api_keys_key_hash_key").And.Not.Contain("Seq Scan on train_api_keys"), plan);
    }

    [Test]
    [Category("Load")]
    public async Task However_often_a_key_is_used_that_is_noted_once_a_minute()
    {
        await MakeAsync();
        var key = await Keys.CreateAsync("rail-club");
        await AdministerAsync("""
            CREATE TABLE touches (id uuid);
            GRANT SELECT, INSERT ON touches TO PUBLIC;
            CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO touches VALUES (new.id); RETURN new; END';
            CREATE TRIGGER touch AFTER UPDATE ON train_api_keys FOR EACH ROW EXECUTE FUNCTION touch();
            """);

        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                Assert.That(await Keys.VerifyAsync(key.Key), Is.Not.Null);
            }
        })));
        var writes = await WritesAsync();
        await AdministerAsync("UPDATE train_api_keys SET last_used_at = now() - interval '61 seconds'");
        await Keys.VerifyAsync(key.Key);

        Assert.That((writes, await WritesAsync() - writes), Is.EqualTo((1, 2)));
        Assert.That(
            (await Keys.FindAsync(key.Info.Id))!.LastUsedAt, Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromSeconds(30)));
    }

    [Test]
    public async Task A_key_that_is_refused_is_not_noted_as_used()
    {
        await MakeAsync();
        var key = await Keys.CreateAsync("rail-club");
        await Keys.RevokeAsync(key.Info.Id, null);

        await Keys.VerifyAsync(key.Key);

        Assert.That((await Keys.FindAsync(key.Info.Id))!.LastUsedAt, Is.Null);
    }

    [Test]
    public async Task A_key_is_renamed_revoked_once_and_deleted_afterwards()
    {
        await MakeAsync();
        var id = (await Keys.CreateAsync("rail-club", new() { Name = "laptop" })).Info.Id;

        var renamed = await Keys.RenameAsync(id, " desk ");
        var nameless = await Keys.RenameAsync(id, " ");
        var early = await Keys.DeleteAsync(id);
        var (first, second) = (await Keys.RevokeAsync(id, "ada"), await Keys.RevokeAsync(id, "eve"));
        var revoked = (await Keys.FindAsync(id))!;
        var (deleted, gone) = (await Keys.DeleteAsync(id), await Keys.DeleteAsync(id));

        Assert.Multiple(() =>
        {
            Assert.That((renamed.Name, nameless.Name), Is.EqualTo(("desk", (string?)null)));
            Assert.That((early, deleted, gone), Is.EqualTo((ApiKeyDeletion.NotRevoked, ApiKeyDeletion.Deleted, ApiKeyDeletion.NotFound)));
            Assert.That((first, second), Is.EqualTo((true, false)));
            Assert.That((revoked.State, revoked.RevokedBy), Is.EqualTo((ApiKeyState.Revoked, "ada")));
            Assert.That(() => Keys.RenameAsync(id, "x"), Throws.InstanceOf<NexusDataException>().With.Message.Contains($"{id}"));
            Assert.That(() => Keys.RevokeAsync(id, "x"), Throws.InstanceOf<NexusDataException>().With.Message.Contains($"{id}"));
        });
    }

    [Test]
    public async Task Only_keys_that_were_revoked_before_a_time_are_deleted_together()
    {
        await MakeAsync();
        await MakeAsync("other");
        var (old, young, active, others) = (await NewAsync("rail-club"), await NewAsync("rail-club"), await NewAsync("rail-club"), await NewAsync("other"));
        foreach (var id in new[] { old, young, others })
        {
            await Keys.RevokeAsync(id, null);
        }

        await AdministerAsync($"UPDATE train_api_keys SET revoked_at = now() - interval '91 days' WHERE id IN ('{old}', '{others}')");
        var count = await Keys.DeleteRevokedAsync("rail-club", DateTimeOffset.Now.AddDays(-90));

        Assert.That(count, Is.EqualTo(1));
        Assert.That((await Keys.ListAsync()).Select(key => key.Id), Is.EqualTo([others, active, young]));

        async Task<Guid> NewAsync(string train) => (await Keys.CreateAsync(train)).Info.Id;
    }

    [Test]
    public async Task Wrong_wishes_are_refused_and_nothing_is_stored()
    {
        await MakeAsync();

        Assert.Multiple(async () =>
        {
            Assert.That(() => Keys.CreateAsync("nowhere"), Refused(NexusDataErrorKind.NotFound, "nowhere"));
            Assert.That(() => Keys.CreateAsync("rail-club", new() { Prefix = "x y" }), Refused(NexusDataErrorKind.Validation, "'x y'"));
            Assert.That(() => Keys.CreateAsync("rail-club", new() { Name = new('x', 256) }), Refused(NexusDataErrorKind.Validation, "255"));
            Assert.That(
                () => Keys.CreateAsync("rail-club", new() { ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(-1) }),
                Refused(NexusDataErrorKind.Validation, "expired"));
            Assert.That(await Keys.ListAsync(), Is.Empty);
        });

        static NUnit.Framework.Constraints.Constraint Refused(NexusDataErrorKind kind, string words)
            => Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(kind).And.Message.Contains(words);
    }

    [Test]
    public async Task Several_are_made_together_or_none()
    {
        await MakeAsync();

        var keys = await Keys.CreateManyAsync("rail-club", 3, new() { Prefix = "cnp_test" });

        Assert.That(keys.Select(key => key.Key), Is.Unique.And.All.StartsWith("cnp_test_"));
        foreach (var key in keys)
        {
            Assert.That((await Keys.VerifyAsync(key.Key))!.Id, Is.EqualTo(key.Info.Id));
        }
    }

    private async Task<int> WritesAsync()
    {
        await using var db = OpenContext();
        return await db.Database.SqlQuery<int>($"""SELECT count(*)::integer AS "Value" FROM touches""").SingleAsync();
    }

    private async Task<List<string>> ExplainAsync(string sql, byte[] hash)
    {
        await using var connection = new Npgsql.NpgsqlConnection(await AdministratorAsync());
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand($"EXPLAIN (ANALYZE, BUFFERS) {sql}", connection);
        command.Parameters.AddWithValue("hash", hash);
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        return lines;
    }
}
