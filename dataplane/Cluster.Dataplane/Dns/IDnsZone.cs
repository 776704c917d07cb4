namespace Cluster.Dataplane.Dns;

/// <summary>Knows the names of the cluster. Called for every query by several loops at once; must not block.</summary>
public interface IDnsZone
{
    /// <summary>The answer, or null for a name that is not this zone's to answer: it is asked of the host's resolvers then.</summary>
    DnsAnswer? Answer(DnsQuestion question);
}
