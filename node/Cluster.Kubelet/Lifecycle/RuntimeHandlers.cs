using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Sources;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>Whether this node can run a pod the way its runtime class asks for: the engine has one way, its default runtime.</summary>
internal sealed class RuntimeHandlers(ReferencedObjects objects, IContainerRuntime runtime)
{
    /// <summary>The runtime of every pod whose class is this one; also what Kubernetes calls it under this engine.</summary>
    private const string Engine = "docker";

    /// <returns>Why not, in the words of Kubernetes; null: it can.</returns>
    /// <exception cref="StatusException">The API server did not answer.</exception>
    /// <exception cref="RuntimeException">The engine did not answer.</exception>
    public async Task<string?> WhyNotAsync(Pod pod, CancellationToken cancellationToken)
    {
        if (!pod.Spec.HasRuntimeClassName || pod.Spec.RuntimeClassName.Length == 0) return null;
        if (await objects.FindRuntimeClassAsync(pod.Spec.RuntimeClassName, cancellationToken) is not { } found)
            return $"runtimeclass.node.k8s.io {GoText.Quote(pod.Spec.RuntimeClassName)} not found";
        if (found.Handler is "" or Engine || found.Handler == (await runtime.GetInfoAsync(cancellationToken)).DefaultHandler) return null;
        return $"RuntimeHandler {GoText.Quote(found.Handler)} not supported";
    }
}
