using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Admission;

/// <summary>A pod that says nothing of it stays five minutes on a node that is not ready or not reachable.</summary>
internal sealed class DefaultTolerationSeconds : IAdmissionPlugin
{
    private const string NoExecute = "NoExecute";
    private const long Seconds = 300;

    private static readonly string[] Taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();

    public string Name => "DefaultTolerationSeconds";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Scope.Resource == Pods && request.Scope.Subresource is null && request.Object is Pod { Spec: { } spec })
            AddMissing(spec);
        return ValueTask.CompletedTask;
    }

    private static void AddMissing(PodSpec spec)
    {
        foreach (var taint in Taints.Where(taint => !spec.Tolerations.Any(toleration => Covers(toleration, taint))))
            spec.Tolerations.Add(new Toleration { Key = taint, Operator = "Exists", Effect = NoExecute, TolerationSeconds = Seconds });
    }

    /// <summary>An empty key or effect stands for all.</summary>
    private static bool Covers(Toleration toleration, string taint) =>
        (toleration.Key.Length == 0 || toleration.Key == taint) && toleration.Effect is ("" or NoExecute);
}
