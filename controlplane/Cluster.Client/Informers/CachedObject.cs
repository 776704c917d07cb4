using Cluster.Api;
using Google.Protobuf;

namespace Cluster.Client;

/// <summary>One version of an object in a cache: as an object while it is read again and again, else as its bytes alone.</summary>
/// <remarks>
/// A pod of 2 kB of JSON is 1 kB of protobuf and 8 kB of objects, and most objects of a large cluster are read once, when they are listed.
/// Any thread may read; one packs.
/// </remarks>
internal sealed class CachedObject<T>(T obj)
    where T : class, IApiObject, new()
{
    // One of the two is always there: bytes are set before the object is let go, and are never taken away.
    private volatile T? _object = obj;
    private volatile byte[]? _packed;
    private volatile bool _wasRead;

    /// <summary>It holds more than its bytes.</summary>
    public bool IsUnpacked => _object is not null;

    /// <summary>The object, for a reader who may come again: one who does before the next <see cref="PackUnread"/> finds it unpacked.</summary>
    public T Read()
    {
        if (_object is { } there)
        {
            _wasRead = true;
            return there;
        }

        var made = Unpack();
        if (_wasRead)
        {
            _object = made;
        }

        _wasRead = true;
        return made;
    }

    /// <summary>The object, for a reader who takes one look.</summary>
    public T Peek() => _object ?? Unpack();

    public void Pack()
    {
        if (_object is { } there)
        {
            _packed ??= there.ToByteArray();
            _object = null;
        }
    }

    /// <summary>Packs it if nobody has read it since this was called last.</summary>
    public void PackUnread()
    {
        if (_wasRead)
        {
            _wasRead = false;
        }
        else
        {
            Pack();
        }
    }

    private T Unpack()
    {
        var made = new T();
        made.MergeFrom(_packed);
        return made;
    }
}
