using Cluster.Api;
using Cluster.Api.Conversion;
using Cluster.Api.Custom;
using Cluster.Storage;
using Google.Protobuf;

namespace Cluster.ApiServer.WatchCache;

/// <summary>One version of one stored object: what the cache, its watchers and every reader share.</summary>
/// <remarks>
/// One that was read from the store keeps the stored bytes, a sixth of what the object is in memory, and makes the object of them where it
/// is asked for: <see cref="Rest"/> lets go of what nobody uses, so that a large cluster at rest costs little more than its bytes.
/// </remarks>
public sealed class ObjectVersion : EncodedMessage
{
    /// <summary>Other versions that are kept, the newest: few clients read a kind in more than one or two.</summary>
    private const int MostOthers = 4;

    /// <summary>Rests after which a webhook is asked again, whoever reads meanwhile: about a minute. It may have been mended.</summary>
    private const int RestsWithConversions = 6;

    private readonly ReadOnlyMemory<byte> _stored;
    private ObjectVersion[]? _others;
    private byte _conversionRests;

    /// <param name="type">Its resource.</param>
    /// <param name="key">Its key in the store.</param>
    /// <param name="obj">The object, its resourceVersion set; never changed.</param>
    /// <param name="revision">The store revision that made this version.</param>
    public ObjectVersion(ResourceType type, string key, IApiObject obj, long revision)
        : base(obj, type.ApiVersion, type.Kind) => (Type, Key, Revision) = (type, key, revision);

    /// <summary>As the store has it.</summary>
    /// <param name="type">Its resource.</param>
    /// <param name="entry">Its entry in the store; must hold an object of the kind, or the first use throws.</param>
    internal ObjectVersion(ResourceType type, StoreEntry entry)
        : base(type.ApiVersion, type.Kind) =>
        (Type, Key, Revision, _stored, StoredBytes) = (type, entry.Key, entry.ModRevision, entry.Value, entry.Value.Length);

    public ResourceType Type { get; }

    public string Key { get; }

    /// <summary>Not to be changed, and not always the same instance.</summary>
    public IApiObject Object => (IApiObject)Message;

    public long Revision { get; }

    /// <summary>Its length in the store; 0 where it was not read from there.</summary>
    public int StoredBytes { get; init; }

    /// <summary>Of an added kind: the object in the version it was stored in; null where it was not read from the store.</summary>
    internal CustomObject? AsWritten => Type.Custom is null || _stored.IsEmpty ? null
        : IsStoredAsNow ? (CustomObject)Object : StoredForm.ReadWritten(Type, _stored, Revision).Object;

    /// <summary>
    /// Of an added kind: the version it was stored in. Of one that a webhook converts, the object is in this version: nobody asks a webhook
    /// before somebody asks for the object.
    /// </summary>
    internal ResourceType WrittenIn { get => field ?? Type; init; }

    /// <summary>The object is in the store in the version that would be stored now.</summary>
    internal bool IsStoredAsNow => WrittenIn.ApiVersion == Type.ApiVersion;

    /// <summary>The same object in another version of its kind; made once, as its encodings are. Not for kinds that a webhook converts.</summary>
    public ObjectVersion As(ResourceType version)
    {
        if (version == Type || (version.Custom is null ? version.Descriptor == Type.Descriptor : version.Custom == Type.Custom))
            return this;

        return Other(version)
            ?? Keep(version, Object is CustomObject custom ? CustomConversion.Read(AsWritten ?? custom, version) : Conversions.FromStored(Object, version.Descriptor));
    }

    /// <summary>The object, of a kind that a webhook converts, in a version it is known in; null: the webhook must be asked.</summary>
    internal ObjectVersion? Known(ResourceType version)
    {
        Touch();
        if (WrittenIn.ApiVersion == version.ApiVersion)
            return version.ApiVersion == Type.ApiVersion ? this : Keep(version, (CustomObject)Object);
        return Other(version);
    }

    /// <summary>Keeps what the webhook made of the object for its next readers.</summary>
    internal ObjectVersion Keep(ResourceType version, IApiObject converted)
    {
        var made = new ObjectVersion(version, Key, converted, Revision);
        while (true)
        {
            var before = Volatile.Read(ref _others);
            if (Other(version) is { } other)
                return other;
            ObjectVersion[] after = [made, .. (before ?? []).Take(MostOthers - 1)];
            if (ReferenceEquals(Interlocked.CompareExchange(ref _others, after, before), before))
                return made;
        }
    }

    /// <summary>Called from time to time: lets go of what nobody has used since some calls ago and the store's bytes can give again.</summary>
    internal void Rest()
    {
        if (_stored.IsEmpty)
            return;
        var isOld = _others is not null && Type.Custom?.Webhook is not null && ++_conversionRests >= RestsWithConversions;
        if (!RestParts() && !isOld)
            return;
        _conversionRests = 0;
        Volatile.Write(ref _others, null);
    }

    /// <summary>Lets go of the object at once, where the store's bytes can give it again.</summary>
    internal void Forget()
    {
        if (!_stored.IsEmpty)
            ForgetMessage();
    }

    private ObjectVersion? Other(ResourceType version)
    {
        foreach (var other in Volatile.Read(ref _others) ?? [])
        {
            if (other.Type == version)
                return other;
        }

        return null;
    }

    /// <inheritdoc/>
    protected override IMessage Decode() => Type.Custom is null ? StoredForm.Read(Type, _stored, Revision) : StoredForm.ReadCustom(Type, _stored, Revision).Object;
}
