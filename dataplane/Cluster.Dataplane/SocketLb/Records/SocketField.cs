namespace Cluster.Dataplane.SocketLb;

/// <summary>Offsets in a <see cref="SocketRecord"/>.</summary>
internal static class SocketField
{
    public const int Backend = 0;
    public const int Identity = 4;
    public const int Service = 8;
    public const int Protocol = 12;
    public const int Address = 16;
    public const int Port = 32;
}
