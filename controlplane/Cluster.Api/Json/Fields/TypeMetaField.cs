using Cluster.Api.Json.Forms;
using Google.Protobuf;

namespace Cluster.Api.Json.Fields;

/// <summary>apiVersion or kind of an object: no field of the message, so remembered at the top of a document and dropped below.</summary>
internal sealed class TypeMetaField(string name) : JsonField(name)
{
    public const string ApiVersion = "apiVersion";
    public const string Kind = "kind";

    public override void Read(ref JsonInput input, IMessage message)
    {
        var value = StringForm.Read(ref input);
        if (input.Reader.CurrentDepth != 1)
            return;
        if (Name == Kind)
            input.Kind = value;
        else
            input.ApiVersion = value;
    }

    public override void Write(ref JsonOutput output, IMessage message)
    {
        // Written by the caller at the top alone: the items of a list have neither.
    }
}
