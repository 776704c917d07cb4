namespace Cluster.Dataplane.Dns;

/// <summary>What a zone says to a question.</summary>
public sealed record DnsAnswer
{
    public DnsResponseCode Code { get; init; }

    public IReadOnlyList<DnsRecord> Records { get; init; } = [];

    /// <summary>Records that spare the asker another question: the addresses of SRV targets.</summary>
    public IReadOnlyList<DnsRecord> Additional { get; init; } = [];

    /// <summary>For negative answers.</summary>
    public AuthorityRecord? Authority { get; init; }
}
