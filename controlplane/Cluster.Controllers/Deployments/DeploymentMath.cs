using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.IntStr;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Deployments;

/// <summary>The numbers a deployment's spec means.</summary>
internal static class DeploymentMath
{
    private const string DefaultPercent = "25%";

    public static int Wanted(this Deployment deployment) => deployment.Spec.HasReplicas ? deployment.Spec.Replicas : 1;

    public static int Wanted(this ReplicaSet set) => set.Spec.HasReplicas ? set.Spec.Replicas : 1;

    public static bool IsRollingUpdate(this Deployment deployment) => deployment.Spec.Strategy?.Type != "Recreate";

    /// <summary>How many pods there may be above the wanted number.</summary>
    public static int MaxSurge(this Deployment deployment) => deployment.IsRollingUpdate() ? Fenceposts(deployment).Surge : 0;

    /// <summary>How many of the wanted pods may be missing.</summary>
    public static int MaxUnavailable(this Deployment deployment) =>
        deployment.IsRollingUpdate() && deployment.Wanted() > 0 ? Math.Min(Fenceposts(deployment).Unavailable, deployment.Wanted()) : 0;

    /// <summary>No deadline is written as the largest number too.</summary>
    public static TimeSpan? ProgressDeadline(this Deployment deployment) =>
        deployment.Spec.HasProgressDeadlineSeconds && deployment.Spec.ProgressDeadlineSeconds != int.MaxValue
            ? TimeSpan.FromSeconds(deployment.Spec.ProgressDeadlineSeconds)
            : null;

    /// <summary>The surge is rounded up and the shortage down; if both come to nothing one pod may be missing, or nothing could ever move.</summary>
    private static (int Surge, int Unavailable) Fenceposts(Deployment deployment)
    {
        var rolling = deployment.Spec.Strategy?.RollingUpdate;
        var surge = Resolve(rolling?.MaxSurge, deployment.Wanted(), up: true);
        var unavailable = Resolve(rolling?.MaxUnavailable, deployment.Wanted(), up: false);
        return (surge, surge == 0 && unavailable == 0 ? 1 : unavailable);
    }

    private static int Resolve(IntOrString? value, int of, bool up) =>
        value is null || (!value.IsInt() && value.StrVal.Length == 0) ? Amounts.Share(DefaultPercent, of, up) : Amounts.Resolve(value, of, 0, up);
}
