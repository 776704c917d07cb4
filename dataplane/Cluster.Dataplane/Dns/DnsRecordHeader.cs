namespace Cluster.Dataplane.Dns;

/// <summary>What stands between a record's owner and its data, and where in the message.</summary>
/// <param name="Type">The record's type.</param>
/// <param name="Class">Its class; of OPT the size of datagrams.</param>
/// <param name="Ttl">Seconds; of OPT the extended code, version and flags.</param>
/// <param name="TtlOffset">Where the TTL stands.</param>
/// <param name="Data">Where the data begin.</param>
/// <param name="DataBytes">How long they are.</param>
internal readonly record struct DnsRecordHeader(DnsType Type, ushort Class, uint Ttl, int TtlOffset, int Data, int DataBytes);
