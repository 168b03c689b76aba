using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;

namespace Nexus.Data.Tests.Credentials;

public sealed class CredentialStoreTests : CredentialTest
{
    [Test]
    public async Task An_account_is_stored_protected_and_shown_without_its_tokens()
    {
        var store = With(Key).GetRequiredService<CredentialStore>();

        var added = await store.AddAsync(new()
        {
            AccountId = "acc-1",
            AccountName = "Primary",
            Tokens = Tokens("sk-access-0123456789-wxyz", "sk-refresh-0123456789"),
            IsMax = false,
        });
        var found = await store.FindAsync("acc-1");

        Assert.Multiple(async () =>
        {
            Assert.That(found, Is.EqualTo(added).Using<CredentialInfo>((a, b) => a.ToString() == b.ToString()));
            Assert.That(
                (found!.AccountId, found.AccountName, found.TokenSuffix, found.State, found.IsMax, found.Protection),
                Is.EqualTo(("acc-1", "Primary", "wxyz", TokenState.Valid, false, SecretProtection.Current)));
            Assert.That(found.Scopes, Is.EqualTo(["user:inference"]));
            Assert.That(found.ToString(), Does.Not.Contain("0123456789"));
            Assert.That(
                await ReadAsync<string>("SELECT c::text FROM anthropic_credentials c"),
                Does.Not.Contain("0123456789").And.Contain("nx1:one:"));
            Assert.That(await store.FindAsync("acc-2"), Is.Null);
        });
    }

    [TestCase(301, TokenState.Valid)]
    [TestCase(290, TokenState.Expiring)]
    [TestCase(-1, TokenState.Expired)]
    public async Task The_state_follows_from_what_is_left(int seconds, TokenState state)
    {
        var services = With(Key);

        Assert.That((await AddAsync(services, "acc-1", seconds)).State, Is.EqualTo(state));
    }

    [Test]
    public async Task A_short_token_shows_no_suffix()
    {
        var store = With(Key).GetRequiredService<CredentialStore>();

        var added = await store.AddAsync(
            new() { AccountId = "a", AccountName = "A", Tokens = Tokens("fifteen-letters", "refresh") });

        Assert.That(added.TokenSuffix, Is.Null);
        Assert.That(
            (await store.UpdateTokensAsync("a", Tokens("sixteen--letters", "refresh"))).TokenSuffix, Is.EqualTo("ters"));
    }

    [Test]
    public async Task What_is_taken_is_named_and_the_callers_transaction_goes_on()
    {
        var services = With(Key);
        var store = services.GetRequiredService<CredentialStore>();
        await AddAsync(services, "acc-1");
        await AddAsync(services, "acc-2");

        await Contexts().ExecuteInTransactionAsync(async (db, token) =>
        {
            var mine = store.In(db);
            var same = new NewCredential { AccountId = "acc-1", AccountName = "Other", Tokens = Tokens("access", "refresh") };
            var sameName = new NewCredential
            {
                AccountId = "acc-3",
                AccountName = "Name of acc-1",
                Tokens = Tokens("access", "refresh"),
            };

            Assert.ThrowsAsync(Conflict("'acc-1'"), () => mine.AddAsync(same, token));
            Assert.ThrowsAsync(Conflict("'Name of acc-1'"), () => mine.AddAsync(sameName, token));
            Assert.ThrowsAsync(Conflict("'Name of acc-1'"), () => mine.RenameAsync("acc-2", "Name of acc-1", token));
            await mine.RenameAsync("acc-2", "Second", token);
        });

        Assert.That((await store.ListAsync()).Select(account => account.AccountName), Is.EqualTo(["Name of acc-1", "Second"]));

        static NUnit.Framework.Constraints.IResolveConstraint Conflict(string told)
            => Is.TypeOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Conflict)
                .And.Message.Contains(told);
    }

    [Test]
    public async Task What_was_added_in_a_transaction_that_failed_is_not_there()
    {
        var store = With(Key).GetRequiredService<CredentialStore>();

        Assert.ThrowsAsync<InvalidOperationException>(() => Contexts().ExecuteInTransactionAsync(async (db, token) =>
        {
            await store.In(db).AddAsync(
                new() { AccountId = "a", AccountName = "A", Tokens = Tokens("access", "refresh") }, token);
            throw new InvalidOperationException("A test.");
        }));

        Assert.That(await store.ListAsync(), Is.Empty);
    }

    [Test]
    public async Task A_new_login_replaces_the_tokens_and_forgets_the_failure()
    {
        var services = With(Key);
        await AddAsync(services, "acc-1", -5);
        await AdministerAsync("UPDATE anthropic_credentials SET refresh_failed_at = now(), refresh_failure = 'A test.'");
        var store = services.GetRequiredService<CredentialStore>();

        var now = await store.UpdateTokensAsync(
            "acc-1",
            new() { AccessToken = "sk-new-0123456789-abcd", RefreshToken = "new", ExpiresAt = DateTimeOffset.UtcNow.AddHours(2) });

        Assert.That((now.State, now.TokenSuffix, now.RefreshFailedAt), Is.EqualTo((TokenState.Valid, "abcd", default(DateTimeOffset?))));
        Assert.That(now.LastRefreshAt, Is.Not.Null);
        Assert.That(now.Scopes, Is.EqualTo(["user:inference"]), "Those that are stored stay.");
        Assert.That(await services.GetRequiredService<AccessTokens>().GetAsync("acc-1"), Is.EqualTo("sk-new-0123456789-abcd"));
    }

    [Test]
    public async Task Accounts_that_are_not_there_are_named()
    {
        var store = With(Key).GetRequiredService<CredentialStore>();

        Assert.Multiple(() =>
        {
            Assert.ThrowsAsync(NotFound(), () => store.UpdateTokensAsync("acc-9", Tokens("access", "refresh")));
            Assert.ThrowsAsync(NotFound(), () => store.RenameAsync("acc-9", "Nine"));
        });
        Assert.That(await store.DeleteAsync("acc-9"), Is.False);

        static NUnit.Framework.Constraints.IResolveConstraint NotFound()
            => Is.TypeOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.NotFound)
                .And.Message.EqualTo("There is no account 'acc-9'.");
    }

    [TestCase("", "Name", "access", "account id")]
    [TestCase("a", " ", "access", "account name")]
    [TestCase("a", "b\n", "access", "account name")]
    [TestCase("a", "Name", "", "access token")]
    [TestCase("a", "Name", "acc\r\nX-Evil: 1", "access token")]
    public void What_cannot_be_stored_is_refused_and_not_quoted(string account, string name, string access, string told)
    {
        var store = With(Key).GetRequiredService<CredentialStore>();

        Assert.That(
            () => store.AddAsync(new() { AccountId = account, AccountName = name, Tokens = Tokens(access, "refresh") }),
            Throws.TypeOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Validation)
                .And.Message.Contains(told).And.Message.Not.Contains("Evil"));
    }

    [Test]
    public async Task Without_a_key_an_adopted_database_is_read_and_no_secret_is_written()
    {
        await AddInClearAsync("acc-1", "sk-clear-0123456789-abcd", "sk-clear-refresh");
        var services = With();
        var store = services.GetRequiredService<CredentialStore>();

        var listed = (await store.ListAsync()).Single();

        Assert.That((listed.Protection, listed.TokenSuffix), Is.EqualTo((SecretProtection.Clear, "abcd")));
        Assert.That(await services.GetRequiredService<AccessTokens>().GetAsync("acc-1"), Is.EqualTo("sk-clear-0123456789-abcd"));
        Assert.That(
            () => store.UpdateTokensAsync("acc-1", Tokens("access", "refresh")),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("KeyFile"));
        Assert.That(
            await ReadAsync<string>("SELECT oauth_access_token FROM anthropic_credentials"), Is.EqualTo("sk-clear-0123456789-abcd"));
    }

    [Test]
    public async Task Ciphertexts_that_were_swapped_between_rows_or_columns_are_refused()
    {
        var services = With(Key);
        await AddAsync(services, "acc-1");
        await AddAsync(services, "acc-2");
        await AdministerAsync(
            """
            UPDATE anthropic_credentials a SET oauth_access_token = b.oauth_access_token FROM anthropic_credentials b
            WHERE a.account_id = 'acc-1' AND b.account_id = 'acc-2';
            UPDATE anthropic_credentials SET oauth_access_token = oauth_refresh_token WHERE account_id = 'acc-2'
            """);
        var tokens = services.GetRequiredService<AccessTokens>();

        foreach (var account in new[] { "acc-1", "acc-2" })
        {
            Assert.That(
                () => tokens.GetAsync(account),
                Throws.TypeOf<NexusDataException>().With.Message.Contains("oauth_access_token cannot be read"));
        }
    }
}
