using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Nexus.Data.Credentials;

/// <summary>Exchanges refresh tokens over HTTP, as RFC 6749 has it, with JSON in place of a form.</summary>
public sealed partial class OAuthTokenClient : IOAuthTokenClient, IDisposable
{
    private const string BetaHeader = "anthropic-beta";
    private const string Beta = "oauth-2025-04-20";
    private const int MaxAnswer = 64 << 10;

    // Where the issuer does not say how long a token is good for: too short is mended by the next exchange.
    private const double UsualSeconds = 3600;
    private const double MaxSeconds = 366 * 86_400.0;

    private readonly HttpClient _http;
    private readonly OAuthTokenClientOptions _options;
    private readonly TimeProvider _time;
    private readonly bool _isOwn;

    /// <summary>Creates a client with connections of its own, which are renewed now and then.</summary>
    /// <param name="options">Who issues tokens.</param>
    /// <param name="time">The clock that tells when tokens expire.</param>
    public OAuthTokenClient(IOptions<OAuthTokenClientOptions> options, TimeProvider time)
        : this(NewHttp(), options, time)
        => _isOwn = true;

    /// <summary>Creates a client on connections of the caller's, who disposes them.</summary>
    /// <param name="http">Sends the requests. It should follow no redirection, for that would carry the token elsewhere.</param>
    /// <param name="options">Who issues tokens.</param>
    /// <param name="time">The clock that tells when tokens expire.</param>
    public OAuthTokenClient(HttpClient http, IOptions<OAuthTokenClientOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);

        (_http, _options, _time) = (http, options.Value, time);
    }

    /// <inheritdoc />
    public async Task<OAuthTokens> RefreshAsync(string refreshToken, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(refreshToken);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.Timeout);
        var start = _time.GetUtcNow();
        try
        {
            using var request = Request(refreshToken);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var answer = await ReadAsync(response.Content, limit.Token);
            return response.IsSuccessStatusCode
                ? Tokens(answer, refreshToken, start)
                : throw Refused(response.StatusCode, ErrorOf(answer, refreshToken));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unavailable(string.Create(
                CultureInfo.InvariantCulture, $"The issuer of tokens did not answer within {_options.Timeout.TotalSeconds:0.#} seconds."));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            // Without the exception, which may quote what was received.
            throw Unavailable(
                $"The issuer of tokens cannot be had ({(exception as HttpRequestException)?.HttpRequestError ?? HttpRequestError.Unknown}).");
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_isOwn)
        {
            _http.Dispose();
        }
    }

    private static HttpClient NewHttp() => new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        AllowAutoRedirect = false,
        UseCookies = false,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private HttpRequestMessage Request(string refreshToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string>
        {
            ["client_id"] = _options.ClientId,
            ["refresh_token"] = refreshToken,
            ["grant_type"] = "refresh_token",
        });
        var request = new HttpRequestMessage(HttpMethod.Post, _options.Endpoint)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } },
        };
        request.Headers.Add(BetaHeader, Beta);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        return request;
    }

    // Null where it is no JSON, or more than any such answer has.
    private static async Task<JsonElement?> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[MaxAnswer];
        var length = await stream.ReadAtLeastAsync(buffer, MaxAnswer, throwOnEndOfStream: false, cancellationToken);
        try
        {
            using var document = JsonDocument.Parse(buffer.AsMemory(0, length));
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static OAuthTokens Tokens(JsonElement? answer, string refreshToken, DateTimeOffset start)
        => Text(answer, "access_token") is { } accessToken
            ? new()
            {
                AccessToken = accessToken,
                RefreshToken = Text(answer, "refresh_token") ?? refreshToken,
                ExpiresAt = start.AddSeconds(Seconds(answer)),
                Scopes = Text(answer, "scope")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
            }
            : throw Unavailable("The issuer of tokens answered without an access token.");

    private static double Seconds(JsonElement? answer)
        => Member(answer, "expires_in") is { } value
           && (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds)
               || value.ValueKind == JsonValueKind.String
               && double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out seconds))
           && double.IsFinite(seconds)
            ? Math.Clamp(seconds, 0, MaxSeconds)
            : UsualSeconds;

    private static OAuthTokenException Refused(HttpStatusCode status, string? error)
    {
        var told = string.Create(CultureInfo.InvariantCulture, $"status {(int)status}{(error is null ? "" : $", {error}")}");
        return status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
            ? new(OAuthTokenFailure.Rejected, $"The issuer of tokens refused the refresh token ({told}): a new login is needed.")
            : Unavailable($"The issuer of tokens cannot do it now ({told}).");
    }

    // "error" is a word by the RFC and an object at some; what does not look like a word of theirs is left out.
    private static string? ErrorOf(JsonElement? answer, string refreshToken)
        => (Text(answer, "error") ?? Text(Member(answer, "error"), "type")) is { } word && ErrorCode().IsMatch(word)
           && !refreshToken.Contains(word, StringComparison.Ordinal)
            ? word
            : null;

    private static string? Text(JsonElement? answer, string name)
        => Member(answer, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 } text
            ? text
            : null;

    private static JsonElement? Member(JsonElement? answer, string name)
        => answer is { ValueKind: JsonValueKind.Object } whole && whole.TryGetProperty(name, out var value) ? value : null;

    private static OAuthTokenException Unavailable(string message) => new(OAuthTokenFailure.Unavailable, message);

    [GeneratedRegex(@"^[a-z][a-z_]{2,39}\z")]
    private static partial Regex ErrorCode();
}
