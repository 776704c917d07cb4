using System.Collections.Concurrent;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>Objects are made only in namespaces that exist and are not on their way out; the cluster's own namespaces stay.</summary>
internal sealed class NamespaceLifecycle(IObjectReader reader, TimeProvider? time = null) : IAdmissionPlugin
{
    /// <summary>
    /// So long after a delete the namespace is read fresh: a create that follows the delete must see it, whatever the cache still says.
    /// </summary>
    private static readonly TimeSpan DeletedIsNews = TimeSpan.FromSeconds(30);

    private static readonly HashSet<string> Immortal = ["default", "kube-system", "kube-public"];

    private static readonly ResourceType Namespaces = ResourceCatalog.For<Namespace>();

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Namespaces whose delete passed here, with when.</summary>
    private readonly ConcurrentDictionary<string, long> _deleted = new(StringComparer.Ordinal);

    public string Name => "NamespaceLifecycle";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var scope = request.Scope;
        if (scope.Resource == Namespaces && request.Operation == AdmissionOperation.Delete)
            NoteDelete(scope.Name ?? "");
        return scope.Namespace is { } ns && scope.Resource.Namespaced && request.Operation != AdmissionOperation.Delete
            ? CheckAsync(request, ns, cancellationToken)
            : ValueTask.CompletedTask;
    }

    private void NoteDelete(string name)
    {
        if (Immortal.Contains(name))
            throw StatusErrors.Forbidden(Namespaces, name, "this namespace may not be deleted");
        foreach (var (old, _) in _deleted.Where(deleted => _time.GetElapsedTime(deleted.Value) > DeletedIsNews))
            _deleted.TryRemove(old, out _);
        _deleted[name] = _time.GetTimestamp();
    }

    private async ValueTask CheckAsync(AdmissionRequest request, string ns, CancellationToken cancellationToken)
    {
        var cached = _deleted.ContainsKey(ns) ? null : reader.Find(Namespaces, null, ns);
        // The cache may be a moment behind the client's own create of the namespace: only a fresh read can say that it is not there.
        var found = cached ?? await reader.FindFreshAsync(Namespaces, null, ns, cancellationToken);
        if (found is not Namespace existing)
            throw StatusErrors.NotFound(Namespaces, ns);
        if (request.Operation == AdmissionOperation.Create && IsTerminating(existing))
            throw StatusErrors.NamespaceTerminating(request.Scope.Resource, request.Scope.Name ?? request.Object?.Metadata?.Name ?? "", ns);
    }

    private static bool IsTerminating(Namespace ns) => ns.Metadata.DeletionTimestamp is not null || ns.Status?.Phase == "Terminating";
}
