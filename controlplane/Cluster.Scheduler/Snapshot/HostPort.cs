using Cluster.Api.CoreV1;

namespace Cluster.Scheduler.Snapshot;

/// <summary>A port a pod takes of its node's own.</summary>
public readonly record struct HostPort(string Address, string Protocol, int Port)
{
    private const string Any = "0.0.0.0";

    /// <summary>Both can't be bound on one node.</summary>
    public bool ClashesWith(HostPort other) =>
        Port == other.Port && Protocol == other.Protocol && (Address == other.Address || Address == Any || other.Address == Any);

    public static HostPort[] Of(PodSpec spec) =>
    [
        .. spec.Containers.SelectMany(container => container.Ports).Where(port => port.HostPort > 0)
            .Select(port => new HostPort(port.HostIP.Length > 0 ? port.HostIP : Any, port.Protocol.Length > 0 ? port.Protocol : "TCP", port.HostPort)),
    ];
}
