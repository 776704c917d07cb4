using System.Collections.Immutable;
using System.Net;

namespace Cluster.Proxy.Reflection;

/// <summary>Where this proxy runs.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="Zone">Its zone; null where it has none or is not known yet.</param>
internal sealed record NodePlace(string Name, string? Zone)
{
    /// <summary>Where node ports are served; empty: at all addresses of the node.</summary>
    public ImmutableArray<IPNetwork> NodePortRanges { get; init; } = [];
}
