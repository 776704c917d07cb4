using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.ServiceAccounts;

/// <summary>Keeps a service account <c>default</c> in every namespace: pods that name none use it.</summary>
internal sealed class ServiceAccountController(ControllerContext context) : IController
{
    private const string Default = "default";

    private Informer<Namespace> _namespaces = null!;
    private Informer<ServiceAccount> _accounts = null!;

    public string Name => "serviceaccount";

    public void Watch(ControllerWatches watches)
    {
        _namespaces = watches.Own<Namespace>();
        _accounts = watches.On<ServiceAccount>((_, current) =>
        {
            if (current is null)
            {
                foreach (var ns in _namespaces.List())
                {
                    watches.Add(ObjectKey.Of(ns));
                }
            }
        });
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_namespaces.Get(key) is not { Metadata.DeletionTimestamp: null } || _accounts.Get(key.Name, Default) is not null)
        {
            return null;
        }

        try
        {
            await context.Client.CreateAsync(new ServiceAccount { Metadata = new() { Namespace = key.Name, Name = Default } }, cancellationToken);
        }
        catch (StatusException e) when (e.IsAlreadyExists || e.IsNotFound || NamespaceEnd.Explains(e))
        {
            // There already, or the namespace has just gone.
        }

        return null;
    }
}
