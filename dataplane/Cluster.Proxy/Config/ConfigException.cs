namespace Cluster.Proxy.Config;

/// <summary>A load balancer file that can't be used; the message has the form <c>line 12: reason</c>.</summary>
public sealed class ConfigException(long line, string reason) : Exception($"line {line}: {reason}")
{
    public long Line { get; } = line;
}
