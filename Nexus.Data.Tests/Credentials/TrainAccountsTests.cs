using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Credentials;

public sealed class TrainAccountsTests : CredentialTest
{
    [Test]
    public async Task Accounts_are_linked_once_listed_by_name_and_unlinked()
    {
        var services = With(Key);
        var accounts = services.GetRequiredService<TrainAccounts>();
        await AddTrainAsync("rail-club");
        await AddTrainAsync("other");
        foreach (var account in new[] { "b", "a", "c" })
        {
            await AddAsync(services, account);
        }

        Assert.That(await accounts.LinkAsync("rail-club", "b"), Is.True);
        Assert.That(await accounts.LinkAsync("rail-club", "b"), Is.False);
        Assert.That(await accounts.LinkAsync("rail-club", "a"), Is.True);
        Assert.That(await accounts.LinkAsync("other", "c"), Is.True);
        Assert.That((await accounts.ListAsync("rail-club")).Select(account => account.AccountId), Is.EqualTo(["a", "b"]));
        Assert.That(await accounts.UnlinkAsync("rail-club", "b"), Is.True);
        Assert.That(await accounts.UnlinkAsync("rail-club", "b"), Is.False);
        Assert.That((await accounts.ListAsync("rail-club")).Single().AccountName, Is.EqualTo("Name of a"));
    }

    [Test]
    public async Task What_is_not_there_is_named_and_the_callers_transaction_goes_on()
    {
        var services = With(Key);
        var accounts = services.GetRequiredService<TrainAccounts>();
        await AddTrainAsync("rail-club");
        await AddAsync(services, "acc");

        await Contexts().ExecuteInTransactionAsync(async (db, token) =>
        {
            var mine = accounts.In(db);
            Assert.ThrowsAsync(Refusal(NexusDataErrorKind.NotFound, "train 'none'"), () => mine.LinkAsync("none", "acc", token));
            Assert.ThrowsAsync(Refusal(NexusDataErrorKind.NotFound, "account 'none'"), () => mine.LinkAsync("rail-club", "none", token));
            Assert.ThrowsAsync(Refusal(NexusDataErrorKind.NotFound, "train 'none'"), () => mine.ListAsync("none", token));
            Assert.ThrowsAsync(Refusal(NexusDataErrorKind.NotFound, "train 'none'"), () => mine.SelectAsync("none", null, token));
            await mine.LinkAsync("rail-club", "acc", token);
        });

        Assert.That(await accounts.ListAsync("rail-club"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Who_is_deleted_while_it_is_linked_is_not_found()
    {
        var services = With(Key);
        await AddTrainAsync("rail-club");
        await AddAsync(services, "acc");
        var linking = default(Task);

        await Contexts().ExecuteInTransactionAsync(async (db, token) =>
        {
            await services.GetRequiredService<CredentialStore>().In(db).DeleteAsync("acc", token);
            linking = services.GetRequiredService<TrainAccounts>().LinkAsync("rail-club", "acc", token);
            await Server.WaitForAsync(await AdministratorAsync(), "wait_event_type = 'Lock'", () => linking.IsCompleted);
        });

        Assert.ThrowsAsync(Refusal(NexusDataErrorKind.NotFound, "account 'acc'"), () => linking!);
    }

    [Test]
    public async Task The_rank_is_the_original_s_and_trains_with_the_same_accounts_differ()
    {
        string[] names = ["Primary", "Secondary", "Third", "Fourth"];

        foreach (var train in new[] { "rail-club", "other", "ä" })
        {
            var expected = names.OrderByDescending(name => BigInteger.Parse(
                "0" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{train}::{name}")))[..16],
                NumberStyles.HexNumber, null));
            Assert.That(names.ByRank(train, name => name), Is.EqualTo(expected));
        }

        Assert.That(
            Enumerable.Range(0, 50).Select(i => names.ByRank($"train-{i}", name => name).First()).Distinct().Count(), Is.EqualTo(4));
        Assert.That(AccountRank.Score("rail-club", "Primary"), Is.EqualTo(0xeb72e046f317ddce), "printf 'rail-club::Primary' | sha256sum");
    }

    [Test]
    public async Task The_first_account_with_a_token_is_taken_and_failures_are_passed_over()
    {
        var services = With(Key);
        var accounts = services.GetRequiredService<TrainAccounts>();
        await AddTrainAsync("rail-club");
        string[] names = ["a", "b", "c"];
        var ranked = names.ByRank("rail-club", name => $"Name of {name}").ToList();
        foreach (var account in ranked)
        {
            await AddAsync(services, account, account == ranked[2] ? 3600 : -1);
            await accounts.LinkAsync("rail-club", account);
        }

        // The first cannot be read at all, the second cannot be refreshed.
        await AdministerAsync($"UPDATE anthropic_credentials SET oauth_refresh_token = 'nx1:gone:AAAA' WHERE account_id = '{ranked[0]}'");
        Issuer.Answer = (400, """{"error":"invalid_grant"}""");
        var selected = await accounts.SelectAsync("rail-club");

        Assert.That((selected.AccountId, selected.AccountName), Is.EqualTo((ranked[2], $"Name of {ranked[2]}")));
        Assert.That(selected.AccessToken, Is.EqualTo(OldToken(ranked[2])));
        Assert.That(selected.ToString(), Does.Not.Contain("old-"));

        await AdministerAsync($"UPDATE anthropic_credentials SET oauth_expires_at = now() - interval '1 hour'");
        var exception = Assert.ThrowsAsync<NexusDataException>(() => accounts.SelectAsync("rail-club"));
        Assert.That(exception!.Kind, Is.EqualTo(NexusDataErrorKind.Unavailable));
        Assert.That(exception.ToString(), Does.Contain($"'{ranked[1]}'").And.Contain($"'{ranked[2]}'").And.Not.Contain("rt-").And.Not.Contain("old-"));
    }

    [Test]
    public async Task A_preferred_account_has_to_be_the_trains_and_nothing_replaces_it()
    {
        var services = With(Key);
        var accounts = services.GetRequiredService<TrainAccounts>();
        await AddTrainAsync("rail-club");
        Assert.ThrowsAsync(Refusal(NexusDataErrorKind.NotFound, "no account"), () => accounts.SelectAsync("rail-club"));
        await AddAsync(services, "good");
        await AddAsync(services, "bad", -1);
        await AddAsync(services, "other");
        await accounts.LinkAsync("rail-club", "good");
        await accounts.LinkAsync("rail-club", "bad");
        Issuer.Answer = (500, "");

        Assert.That((await accounts.SelectAsync("rail-club", "good")).AccountId, Is.EqualTo("good"));
        Assert.ThrowsAsync(Refusal(NexusDataErrorKind.Unavailable, "'bad'"), () => accounts.SelectAsync("rail-club", "bad"));
        Assert.ThrowsAsync(Refusal(NexusDataErrorKind.Forbidden, "'other'"), () => accounts.SelectAsync("rail-club", "other"));
        Assert.That((await accounts.SelectAsync("rail-club")).AccountId, Is.EqualTo("good"));

        await AdministerAsync("UPDATE trains SET disabled_at = now()");
        Assert.ThrowsAsync(Refusal(NexusDataErrorKind.Forbidden, "disabled"), () => accounts.SelectAsync("rail-club", "good"));
    }

    [Test]
    public async Task A_selection_is_one_round_trip_where_the_token_is_good()
    {
        var counter = new CommandCounter();
        var services = Services(collection =>
        {
            Configure(collection, Issuer.Endpoint, Key);
            collection.ConfigureDbContext<NexusDbContext>(builder => builder.AddInterceptors(counter));
        });
        var accounts = services.GetRequiredService<TrainAccounts>();
        await AddTrainAsync("rail-club");
        foreach (var account in new[] { "a", "b", "c" })
        {
            await AddAsync(services, account);
            await accounts.LinkAsync("rail-club", account);
        }

        counter.Clear();
        await accounts.SelectAsync("rail-club");
        await accounts.ListAsync("rail-club");

        Assert.That(counter.Commands, Has.Count.EqualTo(2));
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refusal(NexusDataErrorKind kind, string told)
        => Is.TypeOf<NexusDataException>().With.Property("Kind").EqualTo(kind).And.Message.Contains(told);
}
