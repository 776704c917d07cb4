using Cluster.Api;
using Cluster.Api.Custom;

namespace Cluster.Client;

/// <summary>A client that can speak of kinds that definitions add to the API while programs run.</summary>
public interface ICustomKinds
{
    /// <summary>A client of one added kind: its objects are <see cref="CustomObject"/>, and it knows no other type.</summary>
    /// <param name="type">A version of the kind, as <see cref="CustomKinds.Of"/> makes it of a definition.</param>
    /// <remarks>It lives as long as this client, and shares its connections; it is not disposed by itself.</remarks>
    IApiClient ForKind(ResourceType type);
}
