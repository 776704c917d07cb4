namespace Cluster.Dataplane.Dns;

/// <summary>The record types that are answered or understood (RFC 1035, 2782, 3596, 5936, 6891). Other values pass through unnamed.</summary>
public enum DnsType : ushort
{
    None = 0,
    A = 1,
    NS = 2,
    CNAME = 5,
    SOA = 6,
    PTR = 12,
    TXT = 16,
    AAAA = 28,
    SRV = 33,
    OPT = 41,
    IXFR = 251,
    AXFR = 252,
    ANY = 255,
}
