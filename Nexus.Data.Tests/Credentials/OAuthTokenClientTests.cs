using System.Net;
using Microsoft.Extensions.Options;
using Nexus.Data.Credentials;

namespace Nexus.Data.Tests.Credentials;

public sealed class OAuthTokenClientTests
{
    private TokenServer _issuer = null!;

    [SetUp]
    public void StartIssuer() => _issuer = new();

    [TearDown]
    public async Task StopIssuer() => await _issuer.DisposeAsync();

    [Test]
    public async Task An_exchange_sends_what_the_issuer_wants_and_reads_what_it_says()
    {
        using var client = Client();
        var token = _issuer.Issue("one");

        var tokens = await client.RefreshAsync(token, default);

        var asked = _issuer.Requests.Single();
        Assert.Multiple(() =>
        {
            Assert.That(asked.GetProperty("client_id").GetString(), Is.EqualTo("9d1c250a-e61b-44d9-88ed-5944d1962f5e"));
            Assert.That(asked.GetProperty("refresh_token").GetString(), Is.EqualTo(token));
            Assert.That(asked.GetProperty("grant_type").GetString(), Is.EqualTo("refresh_token"));
            Assert.That(asked.EnumerateObject().Count(), Is.EqualTo(3));
            Assert.That(_issuer.Betas.Single(), Is.EqualTo("oauth-2025-04-20"));
            Assert.That(tokens.AccessToken, Is.EqualTo(TokenServer.AccessTokenOf("one", 1)));
            Assert.That(tokens.RefreshToken, Does.StartWith("rt-one-").And.Not.EqualTo(token));
            Assert.That(tokens.ExpiresAt, Is.EqualTo(DateTimeOffset.UtcNow.AddHours(1)).Within(TimeSpan.FromSeconds(10)));
            Assert.That(tokens.Scopes, Is.EqualTo(["user:profile", "user:inference"]));
            Assert.That(tokens.ToString(), Does.Not.Contain("at-").And.Not.Contain("rt-"));
        });
    }

    [Test]
    public async Task Without_a_new_refresh_token_the_old_one_stays()
    {
        _issuer.Rotates = false;
        using var client = Client();
        var token = _issuer.Issue("one");

        Assert.That((await client.RefreshAsync(token, default)).RefreshToken, Is.EqualTo(token));
    }

    [TestCase(400, """{"error":"invalid_grant","error_description":"SECRET"}""", OAuthTokenFailure.Rejected, "status 400, invalid_grant")]
    [TestCase(401, """{"error":{"type":"authentication_error","message":"SECRET"}}""", OAuthTokenFailure.Rejected, "status 401, authentication_error")]
    [TestCase(403, "SECRET", OAuthTokenFailure.Rejected, "status 403)")]
    [TestCase(400, """{"error":"SECRET-1"}""", OAuthTokenFailure.Rejected, "status 400)")]
    [TestCase(429, """{"error":"rate_limited"}""", OAuthTokenFailure.Unavailable, "status 429, rate_limited")]
    [TestCase(500, """{"error":["SECRET"]}""", OAuthTokenFailure.Unavailable, "status 500)")]
    [TestCase(302, "SECRET", OAuthTokenFailure.Unavailable, "status 302)")]
    [TestCase(200, """{"token":"SECRET"}""", OAuthTokenFailure.Unavailable, "without an access token")]
    [TestCase(200, "SECRET", OAuthTokenFailure.Unavailable, "without an access token")]
    public void What_the_issuer_says_is_told_by_status_and_code_at_most(
        int status, string body, OAuthTokenFailure failure, string told)
    {
        _issuer.Answer = (status, body);
        using var client = Client();

        var exception = Assert.ThrowsAsync<OAuthTokenException>(() => client.RefreshAsync("my-refresh-token", default));

        Assert.That(exception!.Failure, Is.EqualTo(failure));
        Assert.That(exception.Message, Does.Contain(told));
        Assert.That(exception.ToString(), Does.Not.Contain("SECRET").And.Not.Contain("my-refresh-token"));
    }

    [Test]
    public async Task An_issuer_that_is_away_or_silent_is_unavailable_and_a_caller_may_give_up()
    {
        using var client = Client(TimeSpan.FromSeconds(1));
        var silence = new TaskCompletionSource();
        _issuer.BeforeAnswer = () => silence.Task;
        using var impatient = new CancellationTokenSource(100);

        var silent = Assert.ThrowsAsync<OAuthTokenException>(() => client.RefreshAsync("token", default));
        Assert.ThrowsAsync<TaskCanceledException>(() => client.RefreshAsync("token", impatient.Token));
        silence.SetResult();
        await _issuer.DisposeAsync();
        var away = Assert.ThrowsAsync<OAuthTokenException>(() => client.RefreshAsync("token", default));

        Assert.That(silent!.Message, Does.Contain("within 1 seconds"));
        Assert.That(away!.Message, Does.Contain("ConnectionError"));
        Assert.That((silent.Failure, away.Failure), Is.EqualTo((OAuthTokenFailure.Unavailable, OAuthTokenFailure.Unavailable)));
    }

    [Test]
    public async Task A_host_may_bring_its_own_connections()
    {
        using var http = new HttpClient(new Always());
        using var client = new OAuthTokenClient(http, Options.Create(new OAuthTokenClientOptions()), TimeProvider.System);

        var tokens = await client.RefreshAsync("old", default);

        Assert.That((tokens.AccessToken, tokens.RefreshToken), Is.EqualTo(("new", "old")));
        Assert.That(tokens.ExpiresAt, Is.EqualTo(DateTimeOffset.UtcNow.AddSeconds(90)).Within(TimeSpan.FromSeconds(10)));
    }

    private OAuthTokenClient Client(TimeSpan? timeout = null)
        => new(
            Options.Create(new OAuthTokenClientOptions { Endpoint = _issuer.Endpoint, Timeout = timeout ?? TimeSpan.FromSeconds(20) }),
            TimeProvider.System);

    private sealed class Always : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.That(request.RequestUri, Is.EqualTo(new Uri("https://console.anthropic.com/v1/oauth/token")));
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent("""{"access_token":"new","expires_in":"90"}"""),
            });
        }
    }
}
