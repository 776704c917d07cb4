namespace Cluster.Dataplane.Linux.Uring;

/// <summary>How an operation of a ring went.</summary>
/// <param name="Data">What the operation was submitted with.</param>
/// <param name="Result">Bytes, or an error number below zero.</param>
/// <param name="Flags">See <see cref="HasMore"/> and <see cref="Buffer"/>.</param>
internal readonly record struct RingCompletion(ulong Data, int Result, uint Flags)
{
    private const uint IORING_CQE_F_BUFFER = 1;
    private const uint IORING_CQE_F_MORE = 2;
    private const int IORING_CQE_BUFFER_SHIFT = 16;

    /// <summary>The operation goes on and will complete again.</summary>
    public bool HasMore => (Flags & IORING_CQE_F_MORE) != 0;

    /// <summary>The provided buffer that was filled; -1: none was.</summary>
    public int Buffer => (Flags & IORING_CQE_F_BUFFER) != 0 ? (int)(Flags >> IORING_CQE_BUFFER_SHIFT) : -1;
}
