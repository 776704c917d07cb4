namespace Cluster.Dataplane.Dns;

/// <summary>How a query went (RFC 1035, 4.1.1; RFC 6891, 9).</summary>
public enum DnsResponseCode : byte
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,

    /// <summary>The EDNS version is not known. The first code that needs the OPT record's bits.</summary>
    BadVersion = 16,
}
