using System.Collections.ObjectModel;

namespace Cluster.Proxy.Config;

/// <summary>The backends of a service as the file lists them; equal to any list of the same ones in the same order.</summary>
internal sealed class BackendAddresses(List<LoadBalancerBackend> backends) : ReadOnlyCollection<LoadBalancerBackend>(backends)
{
    public override bool Equals(object? obj) => obj is BackendAddresses other && this.SequenceEqual(other);

    public override int GetHashCode() => Count == 0 ? 0 : HashCode.Combine(Count, this[0]);
}
