namespace Cluster.Client;

/// <summary>How a client speaks to the API server.</summary>
public enum ClientTransport
{
    /// <summary>The generic resource service: our own API server.</summary>
    Grpc,

    /// <summary>Kubernetes' REST API: any API server.</summary>
    Rest,
}
