namespace Cluster.Kubelet.Streaming;

/// <summary>How many clients may hold streams at once. Safe for concurrent use.</summary>
internal sealed class SessionLimit(int limit)
{
    private int open;

    public int Open => Volatile.Read(ref open);

    /// <summary>Takes a place, or says that there is none.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref open) <= limit) return true;
        Interlocked.Decrement(ref open);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref open);
}
