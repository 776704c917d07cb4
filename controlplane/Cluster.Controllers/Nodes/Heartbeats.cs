using Cluster.Api;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Nodes;

/// <summary>When each node last gave a sign of life, by our own clock: theirs may be wrong.</summary>
/// <remarks>A sign is a change of the Ready condition's heartbeat or of the lease's renew time. Safe for concurrent use.</remarks>
internal sealed class Heartbeats(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Sign> _signs = [];

    /// <summary>How long the node has been silent. A node seen for the first time has just spoken.</summary>
    public TimeSpan Silence(Node node, Lease? lease)
    {
        var ready = node.Status?.Conditions.FirstOrDefault(condition => condition.Type == "Ready");
        var reported = ready?.LastHeartbeatTime?.ToDateTimeOffset();
        var renewed = lease?.Spec?.RenewTime?.ToDateTimeOffset();
        lock (_lock)
        {
            // What we wrote ourselves is no sign: Unknown keeps the heartbeat of the kubelet.
            if (!_signs.TryGetValue(node.Metadata.Name, out var sign)
                || sign.Uid != node.Metadata.Uid || sign.Reported != reported || sign.Renewed != renewed)
            {
                _signs[node.Metadata.Name] = sign = new(node.Metadata.Uid, reported, renewed, time.GetTimestamp());
            }

            return time.GetElapsedTime(sign.At);
        }
    }

    public void Forget(string node)
    {
        lock (_lock)
        {
            _signs.Remove(node);
        }
    }

    private sealed record Sign(string Uid, DateTimeOffset? Reported, DateTimeOffset? Renewed, long At);
}
