using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Namespaces;

/// <summary>Empties namespaces that are being deleted, and lets them go when nothing is left.</summary>
internal sealed class NamespaceController(ControllerContext context) : IController
{
    private const string Finalizer = "kubernetes";

    /// <summary>Every API server must have seen that the namespace takes nothing new before it is called empty.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<KindAccess> _kinds = [.. KindAccess.All(context.Client).Where(kind => kind.Type.Namespaced)];
    private Informer<Namespace> _namespaces = null!;

    public string Name => "namespace";

    public int Workers => 10;

    public void Watch(ControllerWatches watches) => _namespaces = watches.Own<Namespace>();

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_namespaces.Get(key) is not { Metadata.DeletionTimestamp: { } deleted } ns)
        {
            return null;
        }

        var settled = deleted.ToDateTimeOffset() + Settle;
        if (context.Now < settled)
        {
            return settled - context.Now;
        }

        var left = await EmptyAsync(key.Name, cancellationToken);
        if (left.Kinds.Count > 0 || left.Failures.Count > 0)
        {
            await NamespaceConditions.WriteAsync(context, ns, left, cancellationToken);
            return left.Failures.Count > 0 ? throw left.Failures[0] : left.Wait;
        }

        await FinalizeAsync(key, cancellationToken);
        return null;
    }

    /// <summary>Deletes everything and says what is still there after it. What fails keeps nothing else alive.</summary>
    private async Task<NamespaceContent> EmptyAsync(string ns, CancellationToken cancellationToken)
    {
        var left = new NamespaceContent();
        foreach (var kind in _kinds)
        {
            await EmptyAsync(kind, ns, left, cancellationToken);
        }

        foreach (var kind in await AddedKindsAsync(cancellationToken))
        {
            await EmptyAsync(kind, ns, left, cancellationToken);
        }

        return left;
    }

    private static async Task EmptyAsync(KindAccess kind, string ns, NamespaceContent left, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var obj in await kind.ListAsync(ns, cancellationToken))
            {
                if (obj.Metadata.DeletionTimestamp is null)
                {
                    await DeleteAsync(kind, obj, left, cancellationToken);
                }
            }

            left.Add(kind.Type, await kind.ListAsync(ns, cancellationToken));
        }
        catch (StatusException e) when (e.IsNotFound && kind.Type.Custom is not null)
        {
            // Its definition went meanwhile, and with it the objects.
        }
        catch (StatusException e)
        {
            left.Failures.Add(e);
        }
    }

    private static async Task DeleteAsync(KindAccess kind, IApiObject obj, NamespaceContent left, CancellationToken cancellationToken)
    {
        try
        {
            await kind.DeleteAsync(obj, "Background", cancellationToken);
        }
        catch (StatusException e)
        {
            left.Failures.Add(e);
        }
    }

    /// <summary>Those that there are now, from the server: one that is missed would outlive its namespace.</summary>
    private async Task<IEnumerable<KindAccess>> AddedKindsAsync(CancellationToken cancellationToken)
    {
        if (context.Client is not ICustomKinds kinds)
        {
            return [];
        }

        var definitions = await context.Client.ListAsync<CustomResourceDefinition>(null, ListQuery.All, cancellationToken);
        return definitions.Items.Select(CustomTypes.ServedOf).OfType<ResourceType>().Where(type => type.Namespaced).Select(type => KindAccess.Of(kinds, type));
    }

    private async Task FinalizeAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            var fresh = await context.Client.GetAsync<Namespace>(null, key.Name, cancellationToken);
            if (fresh.Metadata.DeletionTimestamp is not null && fresh.Spec?.Finalizers.Remove(Finalizer) == true)
            {
                await context.Client.UpdateSubresourceAsync(fresh, "finalize", cancellationToken);
            }
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already.
        }
    }
}
