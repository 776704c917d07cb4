using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Handover;

/// <summary>What a process of the proxy does with its data plane from its start: takes over if it can, then stands ready.</summary>
internal sealed class Side : IAsyncDisposable
{
    private Side(string folder, int threads, IVirtualAddresses addresses)
    {
        Succession = new Succession(folder, NullLogger.Instance);
        Succession.Begin();
        Dataplane = new NodeDataplane(
            new DataplaneOptions { Sockets = Succession.Sockets, Threads = threads }, addresses, NullLoggerFactory.Instance, TimeProvider.System);
    }

    public Succession Succession { get; }

    public NodeDataplane Dataplane { get; }

    public static async Task<Side> StartAsync(string folder, int threads, ServicePort port, Backend[] backends, IVirtualAddresses? addresses = null)
    {
        var side = new Side(folder, threads, addresses ?? new HostAddressesOnly());
        await side.Dataplane.StartAsync([], TestContext.Current.CancellationToken);
        side.Dataplane.Directory.Set(port, backends);
        await side.Dataplane.Publish();
        await side.Succession.TakeOverAsync(side.Dataplane);
        side.Succession.StandReady(side.Dataplane);
        return side;
    }

    public async ValueTask DisposeAsync()
    {
        Succession.Dispose();
        await Dataplane.DisposeAsync();
    }
}
