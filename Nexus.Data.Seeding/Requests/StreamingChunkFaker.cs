using System.Text.Json;
using Bogus;
using Nexus.Data.Requests;

namespace Nexus.Data.Seeding.Requests;

/// <summary>The events of one streamed answer from its first on, a tenth of a second apart: its beginning, then words. The same
/// request, seed and start make the same rows everywhere; their numbers are the database's.</summary>
public sealed class StreamingChunkFaker : Faker<StreamingChunk>
{
    private const int MillisecondsApart = 100;

    /// <summary>Creates the faker.</summary>
    /// <param name="requestId">The request whose answer is streamed.</param>
    /// <param name="seed">Where the random numbers begin.</param>
    /// <param name="start">When the first event arrived; 2025-01-01 09:00 UTC where nothing is given.</param>
    public StreamingChunkFaker(Guid requestId, int seed = 1, DateTimeOffset? start = null)
    {
        var first = SeedClock.Start(start);
        UseSeed(seed);
        CustomInstantiator(faker =>
        {
            var arrived = first.AddMilliseconds(MillisecondsApart * faker.IndexFaker);
            return new()
            {
                RequestId = requestId,
                ChunkIndex = faker.IndexFaker,
                Timestamp = arrived,
                Data = JsonSerializer.Serialize(faker.IndexFaker switch
                {
                    0 => new
                    {
                        type = "message_start",
                        message = new { type = "message", role = "assistant", content = Array.Empty<object>(), usage = new { output_tokens = 1 } },
                    },
                    1 => new { type = "content_block_start", index = 0, content_block = new { type = "text", text = "" } },
                    _ => (object)new { type = "content_block_delta", index = 0, delta = new { type = "text_delta", text = $"{faker.Hacker.Noun()} " } },
                }),
                TokenCount = faker.IndexFaker == 0 ? 1 : 0,
                CreatedAt = arrived,
            };
        });
    }
}
