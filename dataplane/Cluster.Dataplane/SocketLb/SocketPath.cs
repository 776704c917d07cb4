using System.ComponentModel;
using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.SocketLb;

/// <summary>The connect-time path in the life of a node's data plane: whether it runs, since when, and what it has been told.</summary>
/// <remarks>One writer applies changes; questions come from any thread. Trouble never reaches the writer: the loops serve everything anyway.</remarks>
internal sealed class SocketPath(SocketLoadBalancerOptions? options, IReadOnlyList<IPNetwork> podRanges, ILoggerFactory logs, TimeProvider time) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _logger = logs.CreateLogger<SocketLoadBalancer>();
    private volatile SocketLoadBalancer? _balancer;
    private volatile string _whyNot = options is null ? "the connect-time path is off" : "no service asks for the path connect";
    private Task _namespaces = Task.CompletedTask;
    private IReadOnlyCollection<Place> _reserved = [];
    private bool _tried;
    private bool _applied;

    public SocketLoadBalancer? Balancer => _balancer;

    /// <summary>Begins, unless that waits for a service that asks.</summary>
    /// <param name="reserved">Places on services' addresses that others answer.</param>
    public void Start(IReadOnlyCollection<Place> reserved)
    {
        _reserved = reserved;
        if (options is { OnlyWhereAsked: false }) TryStart();
    }

    public void Apply(IReadOnlyList<ServiceTableChange> changes, ServiceTable table)
    {
        if (options is null) return;
        var late = !_tried && changes.Any(change => change.After?.Port.Path == ServicePath.Connect);
        if (late) TryStart();
        if (_balancer is not { } balancer) return;
        try
        {
            // The first table is whole: what an earlier process had beyond it is gone.
            balancer.Apply(late ? [.. table.Entries.Select(entry => new ServiceTableChange(null, entry))] : changes);
            if (_applied) return;
            balancer.RemoveLeftovers();
            _applied = true;
        }
        catch (Exception exception) when (exception is Win32Exception or IOException)
        {
            _logger.LogError(exception, "The connect-time path could not follow the service table");
        }
    }

    /// <summary>Why the port's clients on this node take a relay; null where they don't.</summary>
    public string? WhyNot(ServicePort port)
    {
        if (_balancer is { } balancer) return balancer.WhyNot(port.Id);
        return port.Path is ServicePath.Loop or ServicePath.Managed ? ConnectPath.WhyNot(port, onlyWhereAsked: false) : _whyNot;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _namespaces;
        if (_balancer is { } balancer) await balancer.DisposeAsync();
        _stopping.Dispose();
    }

    private void TryStart()
    {
        _tried = true;
        _balancer = SocketLoadBalancer.TryStart(options! with { Reserved = _reserved }, _logger, out var whyNot);
        if (_balancer is not { } balancer)
        {
            _whyNot = $"the connect-time path is not possible here: {whyNot}";
            _logger.LogWarning("Sockets can't be connected to backends from the start, all services take relays: {Reason}", whyNot);
            return;
        }

        _logger.LogInformation("Sockets of this node are connected to backends from the start");
        if (options!.NamespaceFolders.Count > 0 && podRanges.Count > 0)
            _namespaces = Task.Run(() => new PodNamespaces(balancer, options.NamespaceFolders, podRanges, _logger, time).RunAsync(_stopping.Token));
    }
}
