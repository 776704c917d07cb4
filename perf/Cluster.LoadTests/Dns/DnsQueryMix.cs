namespace Cluster.LoadTests.Dns;

/// <summary>What the queries of a load ask.</summary>
internal enum DnsQueryMix
{
    /// <summary>A records of names that are there.</summary>
    Addresses,

    /// <summary>Half of them so, the rest as resolvers ask besides: for the other family, names that are not there, and reverse names.</summary>
    Mixed,

    /// <summary>A and AAAA of one name after the other.</summary>
    Pairs,
}
