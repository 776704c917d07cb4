namespace Cluster.Dataplane.Tests.Linux;

/// <summary>What keeps virtual addresses to service ports.</summary>
public enum Capture
{
    /// <summary>The nftables table; each service port has a socket.</summary>
    Guard,

    /// <summary>The BPF program that selects sockets.</summary>
    Lookup,
}
