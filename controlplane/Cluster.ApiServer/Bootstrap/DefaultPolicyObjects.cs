using Cluster.Api;
using Cluster.Api.RbacV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization.Policy;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Bootstrap;

/// <summary>
/// Makes the default roles and bindings at start, and gives existing ones what they lack. What was added to them stays; one whose
/// annotation <c>rbac.authorization.kubernetes.io/autoupdate</c> is <c>false</c> is left alone. One that cannot be written is said to be, and
/// the server starts without it: whoever mends the cause needs the server. The next start tries again.
/// </summary>
internal sealed class DefaultPolicyObjects(IResourceRegistry registry, ILogger logger)
{
    // They are independent, and the store commits together what comes together.
    private const int AtOnce = 32;

    public Task EnsureAsync(CancellationToken cancellationToken)
    {
        IEnumerable<IApiObject> wanted =
            [.. DefaultPolicy.ClusterRoles, .. DefaultPolicy.ClusterRoleBindings, .. DefaultPolicy.Roles, .. DefaultPolicy.RoleBindings];
        return Parallel.ForEachAsync(
            wanted,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (obj, stop) => await EnsureAsync(obj, stop));
    }

    private async ValueTask EnsureAsync(IApiObject wanted, CancellationToken cancellationToken)
    {
        var scope = Scope(wanted);
        try
        {
            await EnsureAsync(scope, wanted, cancellationToken);
        }
        catch (Exception e) when (e is StatusException or StoreException)
        {
            logger.LogError("{Kind} {Name}, a default one, cannot be made or completed: {Message}", scope.Resource.Kind, scope.Name, e.Message);
        }
    }

    private async ValueTask EnsureAsync(RequestScope scope, IApiObject wanted, CancellationToken cancellationToken)
    {
        try
        {
            var stored = (IApiObject)(await registry.GetAsync(scope, "0", cancellationToken)).Message;
            if (stored.Metadata.Annotations.GetValueOrDefault(PolicyObjects.AutoUpdate) != "false")
                await CompleteAsync(scope, stored, wanted, cancellationToken);
        }
        catch (StatusException missing) when (missing.IsNotFound)
        {
            await CreateAsync(scope, wanted, cancellationToken);
        }
        catch (StatusException conflict) when (conflict.IsConflict)
        {
            logger.LogInformation("{Kind} {Name} changes at this moment: the next start looks again", scope.Resource.Kind, scope.Name);
        }
    }

    private async ValueTask CompleteAsync(RequestScope scope, IApiObject stored, IApiObject wanted, CancellationToken cancellationToken)
    {
        if (RoleOf(stored) is { } role && !role.Equals(RoleOf(wanted)))
        {
            // What a binding refers to can't be changed.
            logger.LogWarning("{Kind} {Name} bound another role than the default one and is made anew", scope.Resource.Kind, scope.Name);
            await registry.DeleteAsync(scope, new(), cancellationToken);
            await CreateAsync(scope, wanted, cancellationToken);
            return;
        }

        var complete = stored.Copy();
        PolicyMerge.Add(wanted, complete);
        if (complete.Equals(stored))
            return;
        await registry.UpdateAsync(scope, complete, cancellationToken);
        logger.LogInformation("{Kind} {Name} was given what the default has more", scope.Resource.Kind, scope.Name);
    }

    private async ValueTask CreateAsync(RequestScope scope, IApiObject wanted, CancellationToken cancellationToken)
    {
        try
        {
            await registry.CreateAsync(scope with { Name = null }, wanted, cancellationToken);
        }
        catch (StatusException exists) when (exists.IsAlreadyExists)
        {
            // Another API server was faster.
        }
    }

    private static RoleRef? RoleOf(IApiObject obj) => obj switch
    {
        RoleBinding binding => binding.RoleRef,
        ClusterRoleBinding binding => binding.RoleRef,
        _ => null,
    };

    private static RequestScope Scope(IApiObject obj) => new()
    {
        Resource = ResourceCatalog.For(obj),
        User = UserIdentity.ApiServer,
        FieldManager = SystemObjects.ManagerName,
        Namespace = obj.Metadata.Namespace.Length == 0 ? null : obj.Metadata.Namespace,
        Name = obj.Metadata.Name,
    };
}
