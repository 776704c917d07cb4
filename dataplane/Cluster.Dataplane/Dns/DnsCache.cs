namespace Cluster.Dataplane.Dns;

/// <summary>What other servers said, bounded in number and bytes. Reading takes no lock and allocates nothing.</summary>
/// <remarks>
/// Expired answers stay until others need their room: they are what is told when nobody answers. So failures, which come in any number just
/// then, have a room of their own.
/// </remarks>
internal sealed class DnsCache(int capacity, long capacityBytes)
{
    /// <summary>
    /// Failures are remembered for some seconds, so that what is asked again and again is not asked of dead servers each time: these are few
    /// names, and a question that was forgotten is only asked once more.
    /// </summary>
    private const int MostFailures = 1024;

    private readonly AnswerClock _answers = new(capacity, capacityBytes);
    private readonly AnswerClock _failures = new(Math.Min(capacity, MostFailures), capacityBytes);

    public int Count => _answers.Count + _failures.Count;

    public long Bytes => _answers.Bytes + _failures.Bytes;

    /// <summary>A fresh answer, or a failure that is remembered still, or null.</summary>
    public UpstreamAnswer? Find(ReadOnlySpan<byte> name, DnsType type, long now)
    {
        if (Fresh(_answers.Find(name, type), now) is { } answer) return answer;
        return _failures.Count == 0 ? null : Fresh(_failures.Find(name, type), now);
    }

    /// <summary>An answer, no failure, whose time is over by no more than some milliseconds.</summary>
    public UpstreamAnswer? FindStale(ReadOnlySpan<byte> name, DnsType type, long now, long grace) =>
        _answers.Find(name, type) is { } answer && now < answer.ExpiresAt + grace ? answer : null;

    public void Add(UpstreamAnswer answer)
    {
        if (answer.TtlSeconds == 0) return;
        (answer.IsFailure ? _failures : _answers).Add(answer);
    }

    private static UpstreamAnswer? Fresh(UpstreamAnswer? answer, long now)
    {
        if (answer is null || !answer.IsFresh(now)) return null;
        if (!answer.Used) answer.Used = true;
        return answer;
    }
}
