using Cluster.Api.Json;
using Google.Protobuf;

namespace Cluster.Controllers.Framework;

/// <summary>Whether two messages mean the same.</summary>
/// <remarks>
/// A part that is absent and a part that is empty are the same to the API but not to protobuf, and which one it is depends on the way an
/// object came. JSON leaves both out.
/// </remarks>
internal static class Same
{
    public static bool Meaning(IMessage? a, IMessage? b) =>
        ReferenceEquals(a, b) || (a is not null && b is not null && (a.Equals(b) || JsonCodec.EncodeToBytes(a).AsSpan().SequenceEqual(JsonCodec.EncodeToBytes(b))));
}
