using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Messages;
using Cluster.Api.Apply.Schema;
using Cluster.Api.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Apply;

/// <summary>Objects of a built-in kind.</summary>
internal sealed class MessageTrees(MessageDescriptor message) : ObjectTrees
{
    // Only looked at.
    private readonly IApiObject empty = (IApiObject)message.Parser.ParseFrom(ByteString.Empty);

    /// <inheritdoc/>
    public override IApiObject FromTree(JsonObject tree) => (IApiObject)JsonCodec.Read(tree, message, FieldValidation.Ignore, null);

    /// <inheritdoc/>
    public override FieldChanges Compare(ApplyType type, IApiObject? before, IApiObject after) =>
        MessageComparison.Compare(type, before ?? empty, after);

    /// <summary>The FieldsV1 text of what the writer of a new object owns; empty for nothing.</summary>
    public ByteString CreatedFields(ApplyType type, IApiObject obj, FieldSet reset, FieldSet stripped) =>
        Messages.CreatedFields.Write(type, empty, obj, reset, stripped);

    protected override JsonObject WholeTree(IApiObject? obj) => (JsonObject)JsonCodec.ToNode(obj ?? empty);
}
