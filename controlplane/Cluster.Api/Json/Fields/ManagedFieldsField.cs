using Cluster.Api.MetaV1;
using Google.Protobuf;

namespace Cluster.Api.Json.Fields;

/// <summary>
/// metadata.managedFields of the outermost object: an empty list is a client's wish to forget all owners, which no list is not, and is
/// kept as the other form of that wish: one empty entry.
/// </summary>
internal sealed class ManagedFieldsField(JsonField inner) : JsonField(inner.Name)
{
    // The object and its metadata.
    private const int Depth = 2;

    public override void Read(ref JsonInput input, IMessage message)
    {
        var isOutermost = input.Reader.CurrentDepth == Depth;
        inner.Read(ref input, message);
        if (isOutermost && message is ObjectMeta { ManagedFields: { Count: 0 } entries })
            entries.Add(new ManagedFieldsEntry());
    }

    public override void Normalize(IMessage message) => inner.Normalize(message);

    public override void Write(ref JsonOutput output, IMessage message) => inner.Write(ref output, message);
}
