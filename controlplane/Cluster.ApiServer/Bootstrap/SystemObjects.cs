using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Registry;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Bootstrap;

/// <summary>
/// Keeps what every cluster has: the system namespaces and priorities, the services <c>kubernetes</c> and <c>kube-dns</c>, the API servers'
/// endpoints, and the authority of client certificates.
/// </summary>
internal sealed class SystemObjects(
    IResourceRegistry registry, IStore store, RegistryOptions options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>Who has written these objects, as their managedFields say.</summary>
    public const string ManagerName = "kube-apiserver";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly ServerEndpoints? _endpoints =
        options.Advertise is { } address ? new ServerEndpoints(registry, store, address, logger) : null;
    private readonly PublishedAuthority? _authority =
        options.ClientAuthority is { } certificates ? new PublishedAuthority(registry, certificates) : null;
    private Task _running = Task.CompletedTask;

    /// <summary>Makes sure of everything once, then again and again: someone may delete it.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken);
        _running = Task.Run(() => RunAsync(_stop.Token), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        if (_endpoints is not null)
            await LeaveAsync(_endpoints);
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await TickAsync(timer, cancellationToken))
        {
            try
            {
                await EnsureAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // The top of the loop: a store that is away now is asked again at the next tick.
                logger.LogWarning(exception, "The system objects could not be checked");
            }
        }
    }

    private static async ValueTask<bool> TickAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task EnsureAsync(CancellationToken cancellationToken)
    {
        foreach (var name in FirstObjects.Namespaces)
            await EnsureAsync(FirstObjects.Namespace(name), cancellationToken);
        foreach (var priority in FirstObjects.PriorityClasses)
            await EnsureAsync(priority, cancellationToken);

        await EnsureAsync(FirstObjects.Kubernetes(options), cancellationToken);
        await EnsureAsync(FirstObjects.Dns(options), cancellationToken);
        if (_endpoints is not null)
            await _endpoints.ReconcileAsync(cancellationToken);
        if (_authority is not null)
            await _authority.ReconcileAsync(cancellationToken);
    }

    private async Task EnsureAsync(IApiObject obj, CancellationToken cancellationToken)
    {
        var scope = Scope(obj);
        try
        {
            await registry.GetAsync(scope, "0", cancellationToken);
        }
        catch (StatusException missing) when (missing.IsNotFound)
        {
            await CreateAsync(scope, obj, cancellationToken);
        }
    }

    private async Task CreateAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        try
        {
            await registry.CreateAsync(scope with { Name = null }, obj, cancellationToken);
            logger.LogInformation("Created {Kind} {Name}", scope.Resource.Kind, scope.Name);
        }
        catch (StatusException exists) when (exists.IsAlreadyExists)
        {
            // Another API server was faster.
        }
        catch (StatusException taken) when (taken.Reason == "Invalid" && obj is Service)
        {
            // The data is of a cluster whose service has the address: say so, and let the rest of the cluster work.
            logger.LogError(taken, "The service {Name} cannot have its address", scope.Name);
        }
    }

    private async ValueTask LeaveAsync(ServerEndpoints endpoints)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
        try
        {
            await endpoints.LeaveAsync(patience.Token);
        }
        catch (Exception exception) when (exception is StatusException or StoreException or OperationCanceledException)
        {
            logger.LogWarning(exception, "This server's endpoint stays until it expires");
        }
    }

    private static RequestScope Scope(IApiObject obj) => new()
    {
        Resource = ResourceCatalog.For(obj),
        User = UserIdentity.ApiServer,
        FieldManager = ManagerName,
        Namespace = obj.Metadata.Namespace.Length == 0 ? null : obj.Metadata.Namespace,
        Name = obj.Metadata.Name,
    };
}
