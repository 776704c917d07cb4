namespace Cluster.Dataplane.Handover;

/// <summary>The messages of the handover protocol; the first byte of each.</summary>
internal enum HandoverMessage : byte
{
    /// <summary>The new process: who it is and which version it speaks.</summary>
    Hello = 1,

    /// <summary>The old process: it is ready to hand over.</summary>
    Welcome = 2,

    /// <summary>Either: it can't be, and why.</summary>
    Refused = 3,

    /// <summary>The old process: listening sockets.</summary>
    Listeners = 4,

    /// <summary>The old process: how many there were, and their checksum.</summary>
    ListenersEnd = 5,

    /// <summary>The new process: everything is prepared, it could serve now.</summary>
    Ready = 6,

    /// <summary>The old process, resting: UDP flows.</summary>
    Flows = 7,

    /// <summary>The old process, resting: which client has which backend.</summary>
    Affinities = 8,

    /// <summary>The old process: how many there were, and their checksum.</summary>
    StateEnd = 9,

    /// <summary>The new process: it has all of it and serves at the next word.</summary>
    Taken = 10,

    /// <summary>The old process: that word. From here on it serves established connections alone.</summary>
    Yours = 11,

    /// <summary>The old process, resting: which backends are left out of balancing. After affinities, before the end.</summary>
    Penalties = 12,
}
