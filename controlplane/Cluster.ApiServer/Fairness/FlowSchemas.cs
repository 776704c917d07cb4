using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Fairness;

/// <summary>Tells the schema of a request.</summary>
internal static class FlowSchemas
{
    private const string NodesGroup = "system:nodes";
    private const string SystemAccounts = ServiceAccountName.AllAccounts + ":kube-system";
    private const string LeaseGroup = "coordination.k8s.io";

    private static readonly HashSet<string> Components = ["system:kube-scheduler", "system:kube-controller-manager", "system:kube-proxy", "system:apiserver"];

    private static readonly HashSet<string> Health = ["/healthz", "/livez", "/readyz"];

    /// <summary>One of the cluster's own programs, or what runs in its namespace.</summary>
    public static bool IsComponent(UserIdentity user) => Components.Contains(user.Name) || user.IsInGroup(SystemAccounts);

    /// <param name="user">Who asks.</param>
    /// <param name="path">What for: the path.</param>
    /// <param name="group">The API group asked about; empty: none, or core.</param>
    public static FlowSchema Of(UserIdentity user, string path, string group)
    {
        if (user.IsInGroup(UserIdentity.MastersGroup) || Health.Contains(path))
            return FlowSchema.Exempt;
        if (user.IsInGroup(NodesGroup))
            return FlowSchema.SystemNodes;
        if (IsComponent(user))
            return group == LeaseGroup ? FlowSchema.LeaderElection : FlowSchema.WorkloadHigh;
        if (user.IsInGroup(ServiceAccountName.AllAccounts))
            return FlowSchema.ServiceAccounts;
        return user.IsInGroup(UserIdentity.AuthenticatedGroup) ? FlowSchema.GlobalDefault : FlowSchema.CatchAll;
    }
}
