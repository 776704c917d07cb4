using Google.Protobuf.Reflection;

namespace Cluster.Api.Apply.Schema;

/// <summary>A version of a kind: how managedFields name it, and what its fields are. Immutable.</summary>
internal sealed class KindVersion
{
    /// <summary>Of a built-in kind.</summary>
    /// <exception cref="ArgumentException">The message is no kind's.</exception>
    public KindVersion(MessageDescriptor message)
    {
        Message = message;
        Type = ApplyType.Of(message);
        Trees = new MessageTrees(message);
        (ApiVersion, Kind) = ApiKinds.Of(message) ?? throw new ArgumentException($"{message.FullName} is no kind", nameof(message));
    }

    /// <summary>Of a kind that a definition added.</summary>
    public KindVersion(ResourceType added)
    {
        Type = CustomApplyTypes.Of(added.Custom!.Schema, added.Kind);
        Trees = new CustomTrees(added.ApiVersion, added.Kind);
        (ApiVersion, Kind) = (added.ApiVersion, added.Kind);
    }

    /// <summary>Null for an added kind.</summary>
    public MessageDescriptor? Message { get; }

    public ApplyType Type { get; }

    public ObjectTrees Trees { get; }

    public string ApiVersion { get; }

    public string Kind { get; }
}
