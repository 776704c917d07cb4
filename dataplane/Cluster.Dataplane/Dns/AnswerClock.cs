namespace Cluster.Dataplane.Dns;

/// <summary>Answers by name, bounded in number and bytes. Reading takes no lock and allocates nothing.</summary>
/// <remarks>What was not asked for since it last came up makes room first (CLOCK). Expired answers stay until then.</remarks>
internal sealed class AnswerClock(int capacity, long capacityBytes)
{
    private readonly NameTable<UpstreamAnswer> _answers = new();
    private readonly Queue<UpstreamAnswer> _clock = new();
    private readonly Lock _lock = new();
    private long _bytes;

    public int Count => _answers.Count;

    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>An answer, fresh or not, or null.</summary>
    public UpstreamAnswer? Find(ReadOnlySpan<byte> name, DnsType type) => _answers.Find(name, type);

    public void Add(UpstreamAnswer answer)
    {
        lock (_lock)
        {
            _bytes += answer.Bytes - (_answers.Set(answer)?.Bytes ?? 0);
            _clock.Enqueue(answer);
            // Answers that were replaced stand in the queue still: it is bounded by itself.
            while (_answers.Count > capacity || _bytes > capacityBytes || _clock.Count > capacity * 2L) EvictLocked();
        }
    }

    private void EvictLocked()
    {
        UpstreamAnswer oldest = _clock.Dequeue();
        if (oldest.Used && _answers.Find(oldest.Name, oldest.Type) == oldest)
        {
            oldest.Used = false;
            _clock.Enqueue(oldest);
        }
        else if (_answers.Remove(oldest))
        {
            _bytes -= oldest.Bytes;
        }
    }
}
