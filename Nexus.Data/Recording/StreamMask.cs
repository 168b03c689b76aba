using Nexus.Data.Masking;
using Nexus.Data.Recording.Answers;

namespace Nexus.Data.Recording;

/// <summary>Masks the pieces of a streamed answer: each by itself, and what is split over several of one block.</summary>
internal static class StreamMask
{
    /// <summary>Gives back the pieces with the same indexes and times; those that hold nothing are the same.</summary>
    public static IReadOnlyList<StreamEvent> Apply(
        SecretMasker masker, string trainId, IReadOnlyList<StreamEvent> events)
    {
        var masked = events.ToArray();
        var places = new Dictionary<int, int>();
        for (var i = 0; i < masked.Length; i++)
        {
            places.TryAdd(masked[i].Index, i);
        }

        foreach (var block in StreamPieces.Of(events))
        {
            var pieces = masker.MaskPieces(trainId, [.. block.Select(piece => piece.Text)]);
            for (var i = 0; i < pieces.Count; i++)
            {
                if (pieces[i] != block[i].Text)
                {
                    ref var piece = ref masked[places[block[i].EventIndex]];
                    piece = piece with { Data = StreamPieces.Replace(piece.Data.Span, pieces[i]) };
                }
            }
        }

        for (var i = 0; i < masked.Length; i++)
        {
            var json = masker.MaskJson(trainId, masked[i].Data);
            if (json.IsChanged)
            {
                masked[i] = masked[i] with { Data = json.Json };
            }
        }

        return masked;
    }
}
