using Cluster.Api.CoreV1;

namespace Cluster.Api.Tables;

internal static class PodColumns
{
    public static TableColumns Make() => new TableBuilder<Pod>()
        .Name()
        .Text("Ready", "Containers that are ready, of all that should be.", pod => PodSummary.Of(pod).Ready)
        .Text("Status", "One word for where the pod stands, from its phase, its containers and its deletion.", pod => PodSummary.Of(pod).Reason)
        .Text("Restarts", "How often containers were started again, and when last.", (pod, now) => PodSummary.Of(pod).RestartText(now))
        .Age()
        .Wide("IP", "The pod's address.", pod => CellText.OrNone(pod.Status?.PodIPs.FirstOrDefault()?.Ip))
        .Wide("Node", "The node the pod runs on.", pod => CellText.OrNone(pod.Spec?.NodeName))
        .Wide("Nominated Node", "The node on which room is being made for the pod.", pod => CellText.OrNone(pod.Status?.NominatedNodeName))
        .Wide("Readiness Gates", "Extra conditions for readiness that hold, of all.", ReadinessGates)
        .Build();

    private static string ReadinessGates(Pod pod)
    {
        var gates = pod.Spec?.ReadinessGates;
        return gates is not { Count: > 0 }
            ? CellText.None
            : $"{gates.Count(gate => pod.GetCondition(gate.ConditionType)?.Status == "True")}/{gates.Count}";
    }
}
