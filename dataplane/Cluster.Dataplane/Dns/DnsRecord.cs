using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Dns;

/// <summary>What a name has: one record, without its owner.</summary>
public abstract record DnsRecord(DnsType Type, int TtlSeconds);

/// <summary>A or AAAA.</summary>
public sealed record AddressRecord(IPAddress Address, int TtlSeconds)
    : DnsRecord(Address.AddressFamily == AddressFamily.InterNetworkV6 ? DnsType.AAAA : DnsType.A, TtlSeconds);

/// <summary>CNAME or PTR: one name that stands for another.</summary>
public sealed record NameRecord(DnsType Type, string Target, int TtlSeconds) : DnsRecord(Type, TtlSeconds);

/// <summary>Where a named port of a service is.</summary>
public sealed record ServerRecord(int Priority, int Weight, int Port, string Target, int TtlSeconds) : DnsRecord(DnsType.SRV, TtlSeconds);

/// <summary>A text of at most 255 ASCII characters.</summary>
public sealed record TextRecord(string Text, int TtlSeconds) : DnsRecord(DnsType.TXT, TtlSeconds);
