using Cluster.Api;

namespace Cluster.ApiServer.WatchCache;

/// <summary>An object on its way to the store, and the version that comes of it.</summary>
/// <param name="type">Its resource.</param>
/// <param name="key">Its key in the store.</param>
/// <param name="obj">The object; once it is written, only its resourceVersion is still set.</param>
/// <param name="stored">What the store is given.</param>
internal sealed class WrittenObject(ResourceType type, string key, IApiObject obj, ReadOnlyMemory<byte> stored)
{
    private ObjectVersion? _version;

    public ReadOnlyMemory<byte> Stored => stored;

    /// <summary>The version that the write has made: one for the writer and the store's feed, whoever comes first.</summary>
    /// <param name="revision">Of the write.</param>
    public ObjectVersion At(long revision)
    {
        if (Volatile.Read(ref _version) is { } made)
            return made;
        // Both may get here at once: they set the same text.
        (obj.Metadata ??= new Api.MetaV1.ObjectMeta()).ResourceVersion = ResourceVersions.Format(revision);
        var version = type.Custom is null
            ? new ObjectVersion(type, key, obj, stored, revision) : new ObjectVersion(type, key, obj, revision) { StoredBytes = stored.Length };
        return Interlocked.CompareExchange(ref _version, version, null) ?? version;
    }
}
