using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Auditing;

/// <summary>What a request is about, as rules ask and events tell.</summary>
/// <param name="Verb">As authorization knows it.</param>
/// <param name="Path">The URL's path.</param>
internal sealed record AuditAttributes(string Verb, string Path)
{
    /// <summary>Null: authentication failed.</summary>
    public UserIdentity? User { get; init; }

    public string Group { get; init; } = "";

    public string Version { get; init; } = "";

    /// <summary>Empty: the request is about the path.</summary>
    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";
}
