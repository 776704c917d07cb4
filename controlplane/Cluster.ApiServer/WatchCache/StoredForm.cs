using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Api.Protobuf;
using Cluster.Storage;
using Google.Protobuf;

namespace Cluster.ApiServer.WatchCache;

/// <summary>
/// Objects as the store holds them: the Kubernetes protobuf envelope, without a resourceVersion (that is the store's revision).
/// </summary>
internal static class StoredForm
{
    /// <summary>The bytes to store. The object keeps its resourceVersion.</summary>
    public static ReadOnlyMemory<byte> Encode(ResourceType type, IApiObject obj)
    {
        var version = obj.Metadata.ResourceVersion;
        obj.Metadata.ResourceVersion = "";
        try
        {
            // Added kinds are stored as JSON, as Kubernetes does: no server has a message for them.
            return obj is CustomObject custom
                ? CustomJson.Encode(custom, type.ApiVersion, type.Kind) : Envelope.Encode(obj, type.ApiVersion, type.Kind);
        }
        finally
        {
            obj.Metadata.ResourceVersion = version;
        }
    }

    /// <exception cref="StatusException">500: the value is none of ours. The message names the key and nothing of the value.</exception>
    public static ObjectVersion Decode(ResourceType type, StoreEntry entry)
    {
        try
        {
            return type.Custom is not null ? DecodeCustom(type, entry) : DecodeKnown(type, entry);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Whoever asked has made no mistake.
            throw StatusErrors.InternalError($"the value of {GoText.Quote(entry.Key)} in the store cannot be read", exception);
        }
    }

    private static ObjectVersion DecodeKnown(ResourceType type, StoreEntry entry)
    {
        var version = new ObjectVersion(type, entry);
        // Now, and not when a reader needs it, is the time to find out what cannot be read.
        _ = version.Object;
        return version;
    }

    private static ObjectVersion DecodeCustom(ResourceType type, StoreEntry entry)
    {
        var (written, _) = ReadWritten(type, entry.Value, entry.ModRevision);
        var version = new ObjectVersion(type, entry) { WrittenIn = written };
        _ = version.Object;
        return version;
    }

    /// <summary>The object of a built-in kind out of its stored bytes.</summary>
    /// <exception cref="InvalidProtocolBufferException">The value is none of ours.</exception>
    public static IApiObject Read(ResourceType type, ReadOnlyMemory<byte> stored, long revision)
    {
        var obj = (IApiObject)type.Descriptor.Parser.ParseFrom(Envelope.RawOf(stored).Span);
        (obj.Metadata ??= new Api.MetaV1.ObjectMeta()).ResourceVersion = ResourceVersions.Format(revision);
        return obj;
    }

    /// <summary>The object of an added kind out of its stored bytes, in the version that is stored now; of one that a webhook converts, in its own.</summary>
    /// <remarks>Written while another version was the stored one, it has what that version knows until it is written again.</remarks>
    public static (ResourceType Version, CustomObject Object) ReadCustom(ResourceType type, ReadOnlyMemory<byte> stored, long revision)
    {
        var (written, original) = ReadWritten(type, stored, revision);
        return written.ApiVersion == type.ApiVersion || type.Custom!.Webhook is not null ? (written, original) : (type, CustomConversion.Read(original, type));
    }

    /// <summary>As the other, in the version it was written in.</summary>
    /// <exception cref="StatusException">400: the value is none of ours.</exception>
    public static (ResourceType Version, CustomObject Object) ReadWritten(ResourceType type, ReadOnlyMemory<byte> stored, long revision)
    {
        var read = CustomJson.Read(stored.Span, out var apiVersion);
        var written = type.Custom!.Versions.FirstOrDefault(version => version.ApiVersion == apiVersion) ?? type;
        var original = CustomConversion.Read(read, written);
        original.Metadata.ResourceVersion = ResourceVersions.Format(revision);
        return (written, original);
    }

    /// <summary>The object as the version a write has made.</summary>
    public static ObjectVersion Version(ResourceType type, string key, IApiObject obj, long revision)
    {
        obj.Metadata ??= new Api.MetaV1.ObjectMeta();
        obj.Metadata.ResourceVersion = ResourceVersions.Format(revision);
        return new ObjectVersion(type, key, obj, revision);
    }
}
