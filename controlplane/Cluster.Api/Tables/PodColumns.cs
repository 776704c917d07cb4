using Cluster.Api.CoreV1;

namespace Cluster.Api.Tables;

internal static class PodColumns
{
    public static TableColumns Make() => new TableBuilder<PodSummary>(obj => PodSummary.Of((Pod)obj))
        .Name()
        .Text("Ready", "Containers that are ready, of all that should be.", row => row.Ready)
        .Text("Status", "One word for where the pod stands, from its phase, containers and deletion.", row => row.Reason)
        .Text("Restarts", "How often containers were started again, and when last.", (row, now) => row.RestartText(now))
        .Age()
        .Wide("IP", "The pod's address.", row => CellText.OrNone(row.Pod.Status?.PodIPs.FirstOrDefault()?.Ip))
        .Wide("Node", "The node the pod runs on.", row => CellText.OrNone(row.Pod.Spec?.NodeName))
        .Wide("Nominated Node", "The node where room is being made for it.", row => CellText.OrNone(row.Pod.Status?.NominatedNodeName))
        .Wide("Readiness Gates", "Extra conditions for readiness that hold, of all.", row => ReadinessGates(row.Pod))
        .Build();

    private static string ReadinessGates(Pod pod)
    {
        var gates = pod.Spec?.ReadinessGates;
        return gates is not { Count: > 0 }
            ? CellText.None
            : $"{gates.Count(gate => pod.GetCondition(gate.ConditionType)?.Status == "True")}/{gates.Count}";
    }
}
