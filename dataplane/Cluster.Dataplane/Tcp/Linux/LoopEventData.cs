namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>What a loop's epoll events carry: the place of what an event is about, its generation, and which side of a connection.</summary>
/// <remarks>31 bits of place, 31 bits of generation, two bits of kind.</remarks>
internal static class LoopEventData
{
    /// <summary>Something was posted to the loop.</summary>
    public const ulong Wake = ulong.MaxValue;

    /// <summary>The ring has completions.</summary>
    public const ulong Ring = ulong.MaxValue - 1;

    private const ulong ListenerBit = 1ul << 63;
    private const ulong BackendBit = 1ul << 62;
    private const int GenerationShift = 31;
    private const uint GenerationMask = int.MaxValue;

    public static ulong OfListener(int descriptor) => ListenerBit | (uint)descriptor;

    public static ulong OfConnection(LoopConnection connection, bool backend) =>
        (uint)connection.Index | (ulong)(connection.Generation & GenerationMask) << GenerationShift | (backend ? BackendBit : 0);

    public static bool IsListener(ulong data) => (data & ListenerBit) != 0;

    public static bool IsBackend(ulong data) => (data & BackendBit) != 0;

    /// <summary>A listener's descriptor, or a connection's index.</summary>
    public static int PlaceOf(ulong data) => (int)(data & int.MaxValue);

    /// <summary>False where the connection has ended, and its place may serve another by now.</summary>
    public static bool IsAbout(ulong data, LoopConnection connection) =>
        connection.IsOpen && (connection.Generation & GenerationMask) == (uint)(data >> GenerationShift & GenerationMask);
}
