namespace Cluster.Dataplane.SocketLb;

/// <summary>Offsets in a <see cref="TrafficRecord"/>.</summary>
internal static class TrafficField
{
    public const int ToBackend = 0;
    public const int ToClient = 8;
}
