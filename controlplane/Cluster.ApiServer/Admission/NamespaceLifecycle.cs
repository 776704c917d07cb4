using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>Objects are made only in namespaces that exist and are not on their way out; the cluster's own namespaces stay.</summary>
internal sealed class NamespaceLifecycle(IObjectReader reader) : IAdmissionPlugin
{
    private static readonly HashSet<string> Immortal = ["default", "kube-system", "kube-public"];

    private static readonly ResourceType Namespaces = ResourceCatalog.For<Namespace>();

    public string Name => "NamespaceLifecycle";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var scope = request.Scope;
        if (scope.Resource == Namespaces && request.Operation == AdmissionOperation.Delete && Immortal.Contains(scope.Name ?? ""))
            throw StatusErrors.Forbidden(Namespaces, scope.Name!, "this namespace may not be deleted");
        return scope.Namespace is { } ns && scope.Resource.Namespaced && request.Operation != AdmissionOperation.Delete
            ? CheckAsync(request, ns, cancellationToken)
            : ValueTask.CompletedTask;
    }

    private async ValueTask CheckAsync(AdmissionRequest request, string ns, CancellationToken cancellationToken)
    {
        // The cache may be a moment behind the client's own create of the namespace: only a fresh read can say that it is not there.
        var found = reader.Find(Namespaces, null, ns) ?? await reader.FindFreshAsync(Namespaces, null, ns, cancellationToken);
        if (found is not Namespace existing)
            throw StatusErrors.NotFound(Namespaces, ns);
        if (request.Operation == AdmissionOperation.Create && IsTerminating(existing))
            throw StatusErrors.NamespaceTerminating(request.Scope.Resource, request.Scope.Name ?? request.Object?.Metadata?.Name ?? "", ns);
    }

    private static bool IsTerminating(Namespace ns) => ns.Metadata.DeletionTimestamp is not null || ns.Status?.Phase == "Terminating";
}
