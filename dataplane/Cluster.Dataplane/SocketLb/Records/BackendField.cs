namespace Cluster.Dataplane.SocketLb;

/// <summary>Offsets in a <see cref="BackendRecord"/>.</summary>
internal static class BackendField
{
    public const int Address = 0;
    public const int Port = 16;
    public const int Usable = 20;
    public const int Weight = 22;
    public const int Identity = 24;
    public const int Service = 28;
    public const int Opened = 40;
    public const int Failed = 48;
    public const int Closed = 56;
}
