namespace Cluster.Dataplane.Tests.Model;

/// <summary>The ways through that the model is held against.</summary>
public enum ModelPath
{
    Managed,
    Loop,

    /// <summary>The loops behind sk_lookup, which selects their sockets and refuses the rest of the range.</summary>
    Lookup,

    /// <summary>Sockets are connected to their backend from the start, TCP and UDP.</summary>
    Connect,

    /// <summary>The kernel translates addresses by rules. Needs a namespace that forwards.</summary>
    Nftables,
}
