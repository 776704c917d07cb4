namespace Cluster.Dataplane.Linux;

/// <summary>Room for a number of datagrams, side by side in memory that does not move.</summary>
/// <remarks>Pages that no datagram has touched yet cost no memory: small datagrams use one or two of the largest slot's sixteen.</remarks>
/// <param name="slotBytes">The largest datagram that is received whole, a power of two.</param>
internal sealed unsafe class DatagramSlots(int count, int slotBytes = DatagramSlots.SlotBytes)
{
    /// <summary>More than any datagram brings (IPv4: 65,507 bytes, IPv6: 65,527), so that none is ever cut.</summary>
    public const int SlotBytes = 64 * 1024;

    /// <summary>
    /// Slots begin two cache lines further on than the power of two: at exactly that their first lines would all fall into the same few
    /// places of the caches.
    /// </summary>
    private const int Padding = 128;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(count * (slotBytes + Padding), pinned: true);

    public int Count => count;

    /// <summary>A whole slot. The memory is pinned: spans of it may be handed to the kernel as they are.</summary>
    public Span<byte> this[int slot] => _bytes.AsSpan(slot * (slotBytes + Padding), slotBytes);
}
