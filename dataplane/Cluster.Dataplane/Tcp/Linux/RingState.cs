namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>What is kept of a connection while its bytes go through the ring.</summary>
internal sealed class RingState
{
    public RingDirection ToBackend;
    public RingDirection ToClient;

    /// <summary>It is on its way out of the ring: nothing new is begun, and it leaves when nothing is under way.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>A socket failed, or the relay wants it gone: it is reset once it has left.</summary>
    public bool IsReset { get; set; }

    public bool IsBusy => ToBackend.Receiving || ToBackend.Sending || ToClient.Receiving || ToClient.Sending;
}
