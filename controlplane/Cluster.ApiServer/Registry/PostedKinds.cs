using Cluster.Api;

namespace Cluster.ApiServer.Registry;

/// <summary>Who answers what is only posted.</summary>
internal sealed class PostedKinds(IEnumerable<IPostedKind> kinds)
{
    private readonly Dictionary<string, IPostedKind> _byTarget = kinds.ToDictionary(kind => kind.Target, StringComparer.Ordinal);

    /// <summary>The one to ask; null: the object is to be stored.</summary>
    /// <exception cref="StatusException">404: such objects are not stored, and nobody here answers them.</exception>
    public IPostedKind? Find(RequestScope scope)
    {
        var target = scope.Subresource is null ? scope.Resource.GroupResource : $"{scope.Resource.GroupResource}/{scope.Subresource}";
        if (_byTarget.TryGetValue(target, out var kind))
            return kind;

        return scope is { Subresource: null, Resource.Storage.StoragePrefix: not null }
            ? null
            : throw StatusErrors.NotFound(scope.Resource, scope.Name ?? "");
    }
}
