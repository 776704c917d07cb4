using Cluster.Api;
using Cluster.Api.Conversion;
using Cluster.Api.Custom;

namespace Cluster.ApiServer.WatchCache;

/// <summary>One version of one stored object: what the cache, its watchers and every reader share.</summary>
/// <param name="type">Its resource.</param>
/// <param name="key">Its key in the store.</param>
/// <param name="obj">The object, its resourceVersion set; never changed.</param>
/// <param name="revision">The store revision that made this version.</param>
public sealed class ObjectVersion(ResourceType type, string key, IApiObject obj, long revision)
    : EncodedMessage(obj, type.ApiVersion, type.Kind)
{
    public ResourceType Type { get; } = type;

    public string Key { get; } = key;

    public IApiObject Object => (IApiObject)Message;

    public long Revision { get; } = revision;

    /// <summary>Its length in the store; 0 where it was not read from there.</summary>
    public int StoredBytes { get; init; }

    // Kinds have two versions at most, so one other is enough.
    private ObjectVersion? _other;

    /// <summary>The same object in another version of its kind; made once, as its encodings are.</summary>
    public ObjectVersion As(ResourceType version)
    {
        if (version == Type || (version.Custom is null ? version.Descriptor == Object.Descriptor : version.Custom == Type.Custom))
            return this;

        if (Volatile.Read(ref _other) is { } other && other.Type == version)
            return other;

        var converted = Object is CustomObject custom ? CustomConversion.Read(custom, version) : Conversions.FromStored(Object, version.Descriptor);
        var made = new ObjectVersion(version, Key, converted, Revision);
        Volatile.Write(ref _other, made);
        return made;
    }
}
