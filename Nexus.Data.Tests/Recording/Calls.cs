using System.Text;
using Nexus.Data.Recording;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Conversations;

namespace Nexus.Data.Tests.Recording;

/// <summary>Calls as a proxy tells of them.</summary>
internal static class Calls
{
    public static RecordedRequest Of(ApiRequest request) => new()
    {
        RequestId = request.RequestId,
        TrainId = request.TrainId,
        Timestamp = request.Timestamp,
        Body = request.GetBody(),
    };

    public static RecordedRequest WithBody(string json) => WithBody(Encoding.UTF8.GetBytes(json));

    public static RecordedRequest WithBody(byte[] body) => new()
    {
        RequestId = Guid.CreateVersion7(),
        TrainId = Bodies.Train,
        Timestamp = Bodies.Noon,
        Body = body,
    };

    public static RecordedResponse Answer(string json, int status = 200)
        => new() { Status = status, Body = Encoding.UTF8.GetBytes(json) };

    public static RecordedResponse AnswerOf(ApiRequest answered)
        => new() { Status = answered.ResponseStatus, Body = answered.GetResponseBody(), CompletedAt = answered.CompletedAt };
}
