using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Nexus.Data.Tests.Credentials;

/// <summary>An issuer of tokens on this machine: refresh tokens count once, as they do there.</summary>
internal sealed class TokenServer : IAsyncDisposable
{
    private readonly HttpListener _listener;
    private readonly Task _serving;
    private readonly ConcurrentDictionary<string, string> _valid = [];
    private int _issued;

    public TokenServer()
    {
        (_listener, Endpoint) = Listen();
        _serving = ServeAsync();
    }

    public Uri Endpoint { get; }

    /// <summary>What was asked, as JSON.</summary>
    public ConcurrentQueue<JsonElement> Requests { get; } = [];

    /// <summary>The beta header of what was asked.</summary>
    public ConcurrentQueue<string?> Betas { get; } = [];

    /// <summary>What happens before an answer.</summary>
    public Func<Task> BeforeAnswer { get; set; } = () => Task.CompletedTask;

    /// <summary>What is answered instead; null for tokens.</summary>
    public (int Status, string Body)? Answer { get; set; }

    /// <summary>Whether a refresh token is replaced by a new one.</summary>
    public bool Rotates { get; set; } = true;

    /// <summary>The refresh token that counts since last; null before the first.</summary>
    public string? LastRefreshToken { get; private set; }

    public int ExpiresIn { get; set; } = 3600;

    /// <summary>Lets a refresh token count.</summary>
    public string Issue(string account)
    {
        var token = $"rt-{account}-{Guid.NewGuid():N}";
        _valid[token] = account;
        LastRefreshToken = token;
        return token;
    }

    public static string AccessTokenOf(string account, int number) => $"at-{account}-{number:0000}-{new string('x', 24)}";

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private static (HttpListener, Uri) Listen()
    {
        // The port is free between the two for a moment only.
        for (var tries = 0; ; tries++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            probe.Stop();
            var listener = new HttpListener { Prefixes = { address } };
            try
            {
                listener.Start();
                return (listener, new(address + "v1/oauth/token"));
            }
            catch (HttpListenerException) when (tries < 10)
            {
                listener.Close();
            }
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(() => AnswerAsync(context));
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(context.Request.InputStream);
            var asked = document.RootElement.Clone();
            Requests.Enqueue(asked);
            Betas.Enqueue(context.Request.Headers["anthropic-beta"]);
            await BeforeAnswer();
            var (status, body) = Answer ?? Tokens(asked.GetProperty("refresh_token").GetString()!);
            context.Response.StatusCode = status;
            await using (var writer = new StreamWriter(context.Response.OutputStream))
            {
                await writer.WriteAsync(body);
            }

            context.Response.Close();
        }
        catch (Exception exception) when (exception is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Who asked has gone.
        }
    }

    private (int, string) Tokens(string refreshToken)
    {
        if (!(Rotates ? _valid.TryRemove(refreshToken, out var account) : _valid.TryGetValue(refreshToken, out account)))
        {
            return (400, """{"error":"invalid_grant","error_description":"It was used: """ + refreshToken + "\"}");
        }

        var answer = new Dictionary<string, object>
        {
            ["access_token"] = AccessTokenOf(account!, Interlocked.Increment(ref _issued)),
            ["expires_in"] = ExpiresIn,
            ["scope"] = "user:profile user:inference",
        };
        if (Rotates)
        {
            answer["refresh_token"] = Issue(account!);
        }

        return (200, JsonSerializer.Serialize(answer));
    }
}
