using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Dns;

/// <summary>One record of an answer. Names are in lower case without their final dot.</summary>
public abstract record DnsRecord(string Name, DnsType Type, int TtlSeconds);

/// <summary>A or AAAA.</summary>
public sealed record AddressRecord(string Name, IPAddress Address, int TtlSeconds)
    : DnsRecord(Name, Address.AddressFamily == AddressFamily.InterNetworkV6 ? DnsType.AAAA : DnsType.A, TtlSeconds);

/// <summary>CNAME or PTR: one name that stands for another.</summary>
public sealed record NameRecord(string Name, DnsType Type, string Target, int TtlSeconds) : DnsRecord(Name, Type, TtlSeconds);

/// <summary>Where a named port of a service is.</summary>
public sealed record ServerRecord(string Name, int Priority, int Weight, int Port, string Target, int TtlSeconds) : DnsRecord(Name, DnsType.SRV, TtlSeconds);

public sealed record TextRecord(string Name, string Text, int TtlSeconds) : DnsRecord(Name, DnsType.TXT, TtlSeconds);

/// <summary>The authority that a negative answer names; its TTL says how long the answer may be remembered.</summary>
public sealed record AuthorityRecord(string Name, string Server, string Mailbox, uint Serial, int TtlSeconds) : DnsRecord(Name, DnsType.SOA, TtlSeconds);
