namespace Cluster.Dataplane.SocketLb;

/// <summary>Offsets in a <see cref="ServiceRecord"/>.</summary>
internal static class ServiceField
{
    public const int Lists = 0;
    public const int Cursors = 16;
    public const int Identity = 24;
    public const int Epoch = 28;
    public const int Refused = 40;
    public const int Flows = 48;
}
