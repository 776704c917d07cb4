using System.Buffers;
using System.Diagnostics;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>Answers for whoever has no thread of its own: one workspace behind a lock, held for the microseconds of an answer.</summary>
internal sealed class DnsAnswerer(DnsResponder responder, DnsForwarder forwarder, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly DnsWorkspace _workspace = new(DnsMetrics.Add());

    /// <summary>As <see cref="DnsResponder.Answer"/>.</summary>
    public int TryAnswer(Span<byte> buffer, int length, bool tcp, ClientAddress client, List<UpstreamAnswer>? known, out UpstreamQuestion? needed)
    {
        lock (_lock)
        {
            _workspace.Client = client;
            _workspace.Known = known;
            _workspace.Now = DnsForwarder.Now(time);
            int size = responder.Answer(buffer, length, tcp, _workspace);
            (needed, _workspace.Needed) = (_workspace.Needed, null);
            return size;
        }
    }

    /// <summary>The same in an array of the answer's own size, behind some bytes that are left to the caller; null where another server must be asked first.</summary>
    public byte[]? TryAnswer(ReadOnlySpan<byte> query, bool tcp, ClientAddress client, List<UpstreamAnswer>? known, int room, out UpstreamQuestion? needed)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(query.Length, tcp ? DnsResponder.MaxTcpBytes : DnsResponder.MaxUdpBytes));
        try
        {
            query.CopyTo(buffer);
            int size = TryAnswer(buffer, query.Length, tcp, client, known, out needed);
            if (size == DnsResponder.Ask) return null;
            var answer = new byte[room + size];
            buffer.AsSpan(0, size).CopyTo(answer.AsSpan(room));
            return answer;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What another server says: as <see cref="DnsForwarder.AskAsync"/>.</summary>
    public Task<UpstreamAnswer> AskAsync(UpstreamQuestion needed) => forwarder.AskAsync(needed);

    /// <summary>The answer to a datagram for which another server must be asked first.</summary>
    /// <remarks>While it waits it holds the query alone: the room for an answer is taken when there is one.</remarks>
    /// <param name="query">The query.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="needed">What has to be asked.</param>
    public async Task<byte[]> AskAsync(byte[] query, ClientAddress client, UpstreamQuestion needed)
    {
        var known = new List<UpstreamAnswer>();
        while (true)
        {
            known.Add(await forwarder.AskAsync(needed));
            if (TryAnswer(query, tcp: false, client, known, room: 0, out UpstreamQuestion? next) is { } answer) return answer;
            needed = next!;
        }
    }

    /// <summary>Notes that an answer was sent.</summary>
    public void Took(long began)
    {
        lock (_lock) _workspace.Counts.Took((long)Stopwatch.GetElapsedTime(began).TotalMicroseconds, 1);
    }

    /// <summary>Notes that an answer could not be sent.</summary>
    public void Dropped()
    {
        lock (_lock) _workspace.Counts.Dropped++;
    }

    public void Dispose() => DnsMetrics.Retire(_workspace.Counts);
}
