using System.Text.Json.Nodes;
using Cluster.Api.Apply.Messages;
using Cluster.Api.Apply.Schema;
using Cluster.Api.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Apply;

/// <summary>Objects of a built-in kind.</summary>
internal sealed class MessageTrees(MessageDescriptor message) : ObjectTrees
{
    /// <inheritdoc/>
    public override IApiObject FromTree(JsonObject tree) => (IApiObject)JsonCodec.Read(tree, message, FieldValidation.Ignore, null);

    /// <inheritdoc/>
    public override FieldChanges Compare(ApplyType type, IApiObject? before, IApiObject after) =>
        MessageComparison.Compare(type, before ?? Empty(), after);

    protected override JsonObject WholeTree(IApiObject? obj) => (JsonObject)JsonCodec.ToNode(obj ?? Empty());

    private IApiObject Empty() => (IApiObject)message.Parser.ParseFrom(ByteString.Empty);
}
