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

    /// <summary>The answer to a query for which another server must be asked first.</summary>
    /// <param name="query">The query.</param>
    /// <param name="buffer">Where the answer is written.</param>
    /// <param name="tcp">Large answers may be given.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="needed">What has to be asked.</param>
    /// <returns>Its length.</returns>
    public async Task<int> AskAsync(byte[] query, byte[] buffer, bool tcp, ClientAddress client, UpstreamQuestion needed)
    {
        var known = new List<UpstreamAnswer>();
        while (true)
        {
            known.Add(await forwarder.AskAsync(needed));
            query.CopyTo(buffer, 0);
            int size = TryAnswer(buffer, query.Length, tcp, client, known, out UpstreamQuestion? next);
            if (size != DnsResponder.Ask) return size;
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
