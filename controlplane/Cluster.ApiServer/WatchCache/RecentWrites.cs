using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cluster.Api;
using Cluster.Storage;

namespace Cluster.ApiServer.WatchCache;

/// <summary>The objects that this server has just written: what the store tells of its own writes need not be decoded again.</summary>
/// <remarks>
/// Known by the array that was handed to the store: a store in this process gives the same array back, any other gives another one, and then
/// nothing is found and the object is decoded. A slot is overwritten by a later write whose array falls on it; what is lost so costs a decoding.
/// Any thread.
/// </remarks>
internal sealed class RecentWrites
{
    // Some times what one commit holds: the feed takes a write within a millisecond or so. A power of two.
    private const int Slots = 512;

    private readonly WrittenObject?[] _slots = new WrittenObject?[Slots];

    /// <summary>To be called before the write is handed to the store.</summary>
    /// <param name="type">The object's resource.</param>
    /// <param name="key">Its key in the store.</param>
    /// <param name="obj">The object; not to be changed any more.</param>
    /// <param name="stored">The very bytes that are handed to the store.</param>
    public WrittenObject Add(ResourceType type, string key, IApiObject obj, ReadOnlyMemory<byte> stored)
    {
        var written = new WrittenObject(type, key, obj, stored);
        // Objects of added kinds are made from their JSON with the schema of the moment.
        if (type.Custom is null && ArrayOf(stored) is { } array)
            Volatile.Write(ref SlotOf(array), written);
        return written;
    }

    /// <summary>The version that one of these writes has made; null: it was none of them, or is not remembered.</summary>
    public ObjectVersion? Take(StoreEntry entry)
    {
        if (ArrayOf(entry.Value) is not { } array)
            return null;
        ref var slot = ref SlotOf(array);
        if (Volatile.Read(ref slot) is not { } written || ArrayOf(written.Stored) != array)
            return null;
        // Unless a later write has the slot by now.
        Interlocked.CompareExchange(ref slot, null, written);
        return written.At(entry.ModRevision);
    }

    private static byte[]? ArrayOf(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var part) && part.Count > 0 && part.Count == part.Array!.Length ? part.Array : null;

    private ref WrittenObject? SlotOf(byte[] array) => ref _slots[RuntimeHelpers.GetHashCode(array) & (Slots - 1)];
}
