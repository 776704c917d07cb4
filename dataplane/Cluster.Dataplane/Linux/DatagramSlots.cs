namespace Cluster.Dataplane.Linux;

/// <summary>Room for a number of datagrams of any size, side by side in memory that does not move.</summary>
/// <remarks>Pages that no datagram has touched yet cost no memory: small datagrams use one or two of a slot's sixteen.</remarks>
internal sealed unsafe class DatagramSlots(int count)
{
    /// <summary>More than any datagram brings (IPv4: 65,507 bytes, IPv6: 65,527), so that none is ever cut.</summary>
    public const int SlotBytes = 64 * 1024;

    /// <summary>
    /// Slots begin two cache lines further on than the power of two: at exactly 64 kB their first lines would all fall into the same
    /// few places of the caches.
    /// </summary>
    private const int Stride = SlotBytes + 128;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(count * Stride, pinned: true);

    public int Count => count;

    /// <summary>A whole slot. The memory is pinned: spans of it may be handed to the kernel as they are.</summary>
    public Span<byte> this[int slot] => _bytes.AsSpan(slot * Stride, SlotBytes);
}
