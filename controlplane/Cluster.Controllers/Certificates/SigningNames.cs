namespace Cluster.Controllers.Certificates;

/// <summary>Kubernetes' own signers.</summary>
internal static class SigningNames
{
    /// <summary>Clients of the API server that are people or programs.</summary>
    public const string Client = "kubernetes.io/kube-apiserver-client";

    /// <summary>Kubelets as clients of the API server.</summary>
    public const string KubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";

    /// <summary>Kubelets as servers, which the API server calls.</summary>
    public const string KubeletServing = "kubernetes.io/kubelet-serving";
}
