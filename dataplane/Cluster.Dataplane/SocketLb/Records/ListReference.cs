namespace Cluster.Dataplane.SocketLb;

/// <summary>
/// A list of backends: a block of the slot array and the tag that every slot of it carries. Written and read as one word, so that a
/// program sees the old list or the new one; a slot with another tag tells it that the block was given to another list meanwhile.
/// </summary>
/// <remarks>The block: the number of turns, the flags, the affinity timeout in seconds, then the backend of each turn.</remarks>
internal readonly record struct ListReference(uint Base, uint Tag)
{
    public const int HeaderSlots = 3;

    /// <summary>The policies, in the low bits of the flags.</summary>
    public const uint InTurn = 0, TwoChoices = 1, ByClient = 2;

    /// <summary>A flag: some backend is on a loopback address, which only the host's own namespace can reach.</summary>
    public const uint LoopbackBackend = 0x100;

    public static ListReference From(ulong word) => new((uint)word, (uint)(word >> 32));

    public ulong ToWord() => Base | ((ulong)Tag << 32);

    /// <summary>A slot of the list.</summary>
    public ulong Slot(uint value) => value | ((ulong)Tag << 32);
}
