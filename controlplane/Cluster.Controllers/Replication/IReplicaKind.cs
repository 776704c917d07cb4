using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Client;

namespace Cluster.Controllers.Replication;

/// <summary>What the engine needs of a kind that keeps a number of equal pods: ReplicationController or ReplicaSet.</summary>
internal interface IReplicaKind<T>
    where T : class, IApiObject, new()
{
    /// <summary>The component of its Events.</summary>
    string Component { get; }

    int Replicas(T owner);

    int MinReadySeconds(T owner);

    LabelSelector Selector(T owner);

    PodTemplateSpec Template(T owner);

    ReplicaCounts Counts(T owner);

    /// <summary>Writes the status; the condition is set where there is a failure and removed where there is none.</summary>
    Task<T> UpdateStatusAsync(IApiClient client, T owner, ReplicaCounts counts, CancellationToken cancellationToken);
}
