using System.Net;
using Cluster.Dataplane.Addresses;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>The host's own addresses, as a test has them behave.</summary>
internal sealed class FailingAddresses : IVirtualAddresses
{
    /// <summary>Called when places are allowed.</summary>
    public Func<CancellationToken, Task>? Allow { get; set; }

    /// <summary>Called when the node's addresses are looked at.</summary>
    public Action? Look { get; set; }

    public bool ReturnsAnswers
    {
        get
        {
            Look?.Invoke();
            return false;
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ChangeAddressesAsync(IReadOnlyCollection<IPAddress> added, IReadOnlyCollection<IPAddress> removed, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task AllowAsync(IReadOnlyCollection<Place> added, IReadOnlyCollection<Place> removed, CancellationToken cancellationToken) =>
        Allow?.Invoke(cancellationToken) ?? Task.CompletedTask;

    public Task VerifyAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
