namespace Cluster.Proxy.Config;

/// <summary>A service of the file as it was read before.</summary>
/// <param name="Hash">Of its text: 128 bits are never alike by chance.</param>
/// <param name="Place">What no other may share.</param>
internal readonly record struct KnownService(UInt128 Hash, ServicePlace Place);
