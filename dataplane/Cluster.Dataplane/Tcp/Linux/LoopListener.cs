using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>A listening socket of one loop.</summary>
internal sealed class LoopListener(int descriptor, Frontend frontend)
{
    public int Descriptor { get; } = descriptor;

    public Frontend Frontend { get; } = frontend;
}
