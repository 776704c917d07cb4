using System.Net;

namespace Cluster.Dataplane.Addresses;

/// <summary>No virtual addresses: services are reached where the host's own addresses are. Needs no privileges, changes nothing.</summary>
public sealed class HostAddressesOnly : IVirtualAddresses
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ChangeAddressesAsync(IReadOnlyCollection<IPAddress> added, IReadOnlyCollection<IPAddress> removed, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task AllowAsync(IReadOnlyCollection<Place> added, IReadOnlyCollection<Place> removed, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task VerifyAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
