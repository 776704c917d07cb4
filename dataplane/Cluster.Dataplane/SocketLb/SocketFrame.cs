namespace Cluster.Dataplane.SocketLb;

/// <summary>The stack of the programs: offsets from R10, 512 bytes at most. Keys and values lie as the maps have them.</summary>
internal static class SocketFrame
{
    /// <summary>Index of an array map: 4 bytes.</summary>
    public const int Index = -4;

    /// <summary>The <see cref="FrontendKey"/>; 4-byte aligned words, its halves on 8.</summary>
    public const int Frontend = -24;

    /// <summary>0: the internal list, 1: the external one.</summary>
    public const int Scope = -28;

    /// <summary>What the namespace map says of the caller's namespace.</summary>
    public const int NamespaceFlags = -32;

    /// <summary>The list as one word, its block in the lower half and its tag in the upper.</summary>
    public const int List = -40;
    public const int ListTag = -36;

    public const int Turns = -44;

    /// <summary>The index of the chosen backend.</summary>
    public const int Chosen = -48;

    /// <summary>Affinity timeout in nanoseconds; 0: none.</summary>
    public const int Timeout = -56;

    /// <summary>The <see cref="FlowKey"/> of affinity; its cookie is the namespace's.</summary>
    public const int AffinityKey = -72;
    public const int NamespaceCookie = AffinityKey;
    public const int ServiceSlot = AffinityKey + 8;
    public const int Epoch = AffinityKey + 12;

    /// <summary>A <see cref="FlowValue"/>; its time is now.</summary>
    public const int FlowValue = -88;
    public const int FlowIdentity = FlowValue + 4;
    public const int Now = FlowValue + 8;

    /// <summary>The <see cref="FlowKey"/> of an unconnected socket; its cookie is the socket's.</summary>
    public const int FlowKey = -104;

    /// <summary>8 bytes, so that the verifier follows the count and sees the loop end.</summary>
    public const int Tries = -112;

    /// <summary>How long a flow may have been silent.</summary>
    public const int MaxSilence = -120;

    /// <summary>The <see cref="SocketRecord"/> a new socket begins with.</summary>
    public const int Socket = -160;

    /// <summary>The <see cref="ReplyKey"/> and <see cref="ReplyValue"/>.</summary>
    public const int ReplyKey = -192;
    public const int ReplyValue = -216;

    /// <summary>The second of two choices.</summary>
    public const int Second = -220;
}
