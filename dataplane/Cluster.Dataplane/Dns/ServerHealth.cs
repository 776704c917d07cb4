using System.Collections.Concurrent;
using System.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>Which servers did not answer lately: the others are asked before them. Any thread may ask.</summary>
internal sealed class ServerHealth(TimeProvider time)
{
    private static readonly TimeSpan Avoided = TimeSpan.FromSeconds(10);

    /// <summary>More servers than ever stand in a resolver file: beyond it, old ones are forgotten.</summary>
    private const int MaxServers = 64;

    private readonly ConcurrentDictionary<IPEndPoint, long> _failedAt = [];

    public void Note(IPEndPoint server, bool answered)
    {
        if (answered)
        {
            if (!_failedAt.IsEmpty) _failedAt.TryRemove(server, out _);
            return;
        }

        if (_failedAt.Count >= MaxServers) _failedAt.Clear();
        _failedAt[server] = time.GetTimestamp();
    }

    /// <summary>The servers in their order, those that failed lately behind the others.</summary>
    public IPEndPoint[] Order(IPEndPoint[] servers) => _failedAt.IsEmpty ? servers : [.. servers.OrderBy(HasFailed)];

    private bool HasFailed(IPEndPoint server) => _failedAt.TryGetValue(server, out long at) && time.GetElapsedTime(at) < Avoided;
}
