
namespace Cluster.ApiServer.Fairness;

/// <summary>Which level a request belongs to, by Kubernetes' own flow schemas.</summary>
internal enum FlowSchema
{
    /// <summary>Never waits: administrators, who must be able to mend an overloaded server, and questions about health.</summary>
    Exempt,

    /// <summary>Kubelets.</summary>
    SystemNodes,

    /// <summary>Leases of schedulers and controller managers: losing one stops the cluster.</summary>
    LeaderElection,

    /// <summary>Schedulers, controllers and what else runs in kube-system.</summary>
    WorkloadHigh,

    /// <summary>Service accounts.</summary>
    ServiceAccounts,

    /// <summary>Everyone else who is known.</summary>
    GlobalDefault,

    /// <summary>Who is not.</summary>
    CatchAll,
}
