namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>One direction of a connection in the ring: the buffers that were received and wait to be sent, oldest first.</summary>
internal struct RingDirection()
{
    /// <summary>The oldest buffer; -1: none waits.</summary>
    public short First = -1;

    public short Last = -1;

    /// <summary>Buffers that wait.</summary>
    public short Count;

    /// <summary>Bytes of the oldest that have been sent.</summary>
    public int Sent;

    /// <summary>The source is being received from.</summary>
    public bool Receiving;

    /// <summary>The oldest buffer is being sent.</summary>
    public bool Sending;

    /// <summary>That operation's place among all of the ring's.</summary>
    public uint SendPlace;

    /// <summary>That failed, in part or whole, and a completion that waits says how.</summary>
    public bool SendFailed;
}
