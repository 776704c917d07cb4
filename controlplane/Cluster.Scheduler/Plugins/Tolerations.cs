using Cluster.Api.CoreV1;

namespace Cluster.Scheduler.Plugins;

/// <summary>Which taints a pod can bear.</summary>
internal static class Tolerations
{
    public static bool Tolerates(this PodSpec pod, Taint taint)
    {
        foreach (var toleration in pod.Tolerations)
        {
            if (toleration.Tolerates(taint))
                return true;
        }

        return false;
    }

    /// <summary>An empty key with Exists stands for every taint, an empty effect for every effect.</summary>
    public static bool Tolerates(this Toleration toleration, Taint taint)
    {
        if (toleration.Effect.Length > 0 && toleration.Effect != taint.Effect)
            return false;
        if (toleration.Key.Length > 0 && toleration.Key != taint.Key)
            return false;
        return toleration.Operator == "Exists" || (toleration.Key.Length > 0 && toleration.Value == taint.Value);
    }
}
