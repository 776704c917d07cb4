namespace Cluster.Dataplane.Linux.Nftables;

/// <summary>nft is missing or refused what was asked of it; the message says which.</summary>
public sealed class NftException(string message) : Exception(message)
{
    /// <summary>nft ran and said no, as it does of a table that is not there.</summary>
    public bool Refused { get; init; }

    /// <summary>There is no nft on this host: whether it once made our table, only a record of it can tell.</summary>
    public bool Missing { get; init; }
}
