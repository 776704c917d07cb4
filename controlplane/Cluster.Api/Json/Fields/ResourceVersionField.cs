using Google.Protobuf;

namespace Cluster.Api.Json.Fields;

/// <summary>metadata.resourceVersion, which the outermost object may get from its caller: stored bytes do not hold it.</summary>
internal sealed class ResourceVersionField(JsonField inner) : JsonField(inner.Name)
{
    public override void Read(ref JsonInput input, IMessage message) => inner.Read(ref input, message);

    public override void Write(ref JsonOutput output, IMessage message)
    {
        if (output.ResourceVersion is not { } version)
        {
            inner.Write(ref output, message);
            return;
        }

        output.ResourceVersion = null;
        if (version.Length == 0)
            return;
        output.Name(Prefix);
        output.String(version);
    }
}
