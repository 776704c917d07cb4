namespace Cluster.Client;

/// <summary>Which lease to hold and for how long; the times are Kubernetes' own.</summary>
public sealed record LeaderElectionOptions
{
    public string Namespace { get; init; } = "kube-system";

    /// <summary>The lease's name: that of the component.</summary>
    public required string Name { get; init; }

    /// <summary>Unique to this process, such as <c>host_uuid</c>.</summary>
    public required string Identity { get; init; }

    /// <summary>Others take over when the lease has not changed for so long.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A leader that could not renew for so long stops leading. Shorter than <see cref="LeaseDuration"/>, or there could be two.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);
}
