namespace Cluster.Dataplane.Dns.Linux;

/// <summary>What a loop does before it receives.</summary>
internal enum DnsStep
{
    /// <summary>Nothing: there may be more already.</summary>
    Ask,

    /// <summary>Sleeps until there is something.</summary>
    Wait,

    /// <summary>Lets some gather first.</summary>
    Pause,
}
