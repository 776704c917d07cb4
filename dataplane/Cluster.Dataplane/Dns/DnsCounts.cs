using System.Numerics;

namespace Cluster.Dataplane.Dns;

/// <summary>What one answering thread counts: plain fields that it alone writes. Read by the exporter, which may see a moment ago.</summary>
internal sealed class DnsCounts
{
    /// <summary>Bounds of the latency histogram in microseconds, each twice the one before: 1, 2, 4 ... about 8 seconds.</summary>
    public const int Buckets = 24;

    public static readonly string[] TypeNames = ["A", "AAAA", "SRV", "PTR", "other"];

    public static readonly string[] CodeNames = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "BADVERS"];

    private readonly long[] _requests = new long[TypeNames.Length * CodeNames.Length];
    private readonly long[] _latencies = new long[Buckets + 1];

    public ReadOnlySpan<long> Requests => _requests;

    /// <summary>Answers by time taken: the first up to 1 us, the last beyond all bounds.</summary>
    public ReadOnlySpan<long> Latencies => _latencies;

    public long LatencyMicroseconds;

    /// <summary>Questions for other servers that the cache answered.</summary>
    public long CacheHits;

    /// <summary>Questions for other servers that had to be asked.</summary>
    public long CacheMisses;

    /// <summary>Answers that spared a resolver the rest of its search path.</summary>
    public long Shortcuts;

    /// <summary>Answers that did not fit.</summary>
    public long Truncated;

    /// <summary>Datagrams that got no answer: no queries, or answers that could not be sent.</summary>
    public long Dropped;

    public void Answered(DnsType type, DnsResponseCode code)
    {
        int column = type switch { DnsType.A => 0, DnsType.AAAA => 1, DnsType.SRV => 2, DnsType.PTR => 3, _ => 4 };
        int row = code == DnsResponseCode.BadVersion ? CodeNames.Length - 1 : Math.Min((int)code, CodeNames.Length - 2);
        _requests[(column * CodeNames.Length) + row]++;
    }

    /// <summary>Notes how long a number of answers took, each from its arrival on.</summary>
    public void Took(long microseconds, int answers)
    {
        int bucket = microseconds <= 1 ? 0 : Math.Min(Buckets, 64 - BitOperations.LeadingZeroCount((ulong)microseconds - 1));
        _latencies[bucket] += answers;
        LatencyMicroseconds += microseconds * answers;
    }

    /// <summary>Takes over what another, which ended, had counted.</summary>
    public void Add(DnsCounts other)
    {
        for (int i = 0; i < _requests.Length; i++) _requests[i] += other._requests[i];
        for (int i = 0; i < _latencies.Length; i++) _latencies[i] += other._latencies[i];
        LatencyMicroseconds += other.LatencyMicroseconds;
        CacheHits += other.CacheHits;
        CacheMisses += other.CacheMisses;
        Shortcuts += other.Shortcuts;
        Truncated += other.Truncated;
        Dropped += other.Dropped;
    }
}
