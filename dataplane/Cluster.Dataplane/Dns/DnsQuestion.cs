namespace Cluster.Dataplane.Dns;

/// <summary>What is asked: a name in lower case without its final dot, and a type of class IN.</summary>
public readonly record struct DnsQuestion(string Name, DnsType Type);
