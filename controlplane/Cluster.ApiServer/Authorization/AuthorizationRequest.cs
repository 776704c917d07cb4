using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Authorization;

/// <summary>What someone wants to do: a verb on a resource, or on a path that is no resource.</summary>
public sealed record AuthorizationRequest
{
    public required UserIdentity User { get; init; }

    /// <summary>get, list, watch, create, update, patch, delete, deletecollection; the lower-case method for a path.</summary>
    public required string Verb { get; init; }

    /// <summary>Empty for the core group.</summary>
    public string Group { get; init; } = "";

    /// <summary>The plural; empty: the request is about <see cref="Path"/>.</summary>
    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    /// <summary>Empty: cluster scope, or all namespaces.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Empty: a collection.</summary>
    public string Name { get; init; } = "";

    /// <summary>Of a list, watch or deletecollection, as the caller wrote it.</summary>
    public string FieldSelector { get; init; } = "";

    public string Path { get; init; } = "";

    public bool IsResource => Resource.Length > 0;
}
