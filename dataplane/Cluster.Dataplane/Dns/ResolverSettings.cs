using System.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>What a resolver is told. Immutable.</summary>
/// <param name="Servers">Whom to ask, in this order.</param>
/// <param name="Searches">The search path; the root and what is no name are left out of <see cref="Endings"/>.</param>
public sealed record ResolverSettings(IReadOnlyList<IPEndPoint> Servers, IReadOnlyList<string> Searches)
{
    /// <summary>The search path as messages carry names.</summary>
    internal byte[][] Endings { get; } = [.. Searches.Select(WireName.FromText).OfType<byte[]>().Where(name => name.Length > 1)];
}
