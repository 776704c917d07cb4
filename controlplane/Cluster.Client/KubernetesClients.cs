namespace Cluster.Client;

/// <summary>Makes clients from what says where the cluster is.</summary>
public static class KubernetesClients
{
    /// <summary>A client of the kubeconfig's current context.</summary>
    /// <exception cref="InvalidDataException">The file does not say where the cluster is or who calls.</exception>
    public static IApiClient FromKubeconfig(string path, ClientTransport transport = ClientTransport.Grpc) =>
        Connect(Kubeconfig.Load(path).Connect(), transport);

    /// <summary>A client of the cluster that this pod runs in, as its service account.</summary>
    /// <exception cref="InvalidDataException">This is no pod, or it has no token.</exception>
    public static IApiClient InCluster(ClientTransport transport = ClientTransport.Rest) => Connect(InClusterConnection.Find(), transport);

    /// <summary>Clients of service accounts in <c>kube-system</c>, whose tokens the kubeconfig's user may ask for.</summary>
    /// <param name="path">The kubeconfig.</param>
    /// <param name="requester">A client of its user; not owned.</param>
    /// <param name="time">The clock of tokens' lives.</param>
    /// <exception cref="InvalidDataException">The file does not say where the cluster is or who calls.</exception>
    public static Func<string, IApiClient> Accounts(string path, IApiClient requester, TimeProvider time)
    {
        var connection = Kubeconfig.Load(path).Connect();
        return account => Connect(
            connection with { ClientCertificate = null, Token = new AccountToken(requester, "kube-system", account, time) }, ClientTransport.Grpc);
    }

    public static IApiClient Connect(ClusterConnection connection, ClientTransport transport) =>
        transport == ClientTransport.Grpc ? new GrpcApiClient(connection) : new RestApiClient(connection);
}
