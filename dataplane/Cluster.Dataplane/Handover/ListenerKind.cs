namespace Cluster.Dataplane.Handover;

/// <summary>What a listening socket is for: with its protocol and address, the name by which the next process asks for it.</summary>
public enum ListenerKind : byte
{
    /// <summary>A frontend's own.</summary>
    Frontend = 1,

    /// <summary>One that many frontends share: found by its family, for its address is the kernel's choice.</summary>
    Steered = 2,

    Dns = 3,

    /// <summary>Health and metrics.</summary>
    Http = 4,
}
