using System.Buffers;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>The buffers of a relay, each with room for any datagram. Any thread.</summary>
/// <remarks>
/// A pool of its own: the shared one keeps a thread's last buffer for that thread and gives up what rests, so that datagrams which are
/// received now by one thread and now by another would have it make 64 kB anew time and again.
/// </remarks>
internal sealed class DatagramBuffers
{
    /// <summary>The largest datagram IPv4 carries, rounded up to what the pool hands out.</summary>
    private const int DatagramBytes = 64 * 1024;

    /// <summary>Kept at most, 4 MB: far more receive at a time only where there are that many threads.</summary>
    private const int Kept = 64;

    private readonly ArrayPool<byte> _pool = ArrayPool<byte>.Create(DatagramBytes, Kept);

    public byte[] Rent() => _pool.Rent(DatagramBytes);

    public void Return(byte[] buffer) => _pool.Return(buffer);
}
