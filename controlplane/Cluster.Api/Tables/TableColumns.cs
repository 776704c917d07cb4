using System.Collections.Concurrent;
using Cluster.Api.AppsV1;
using Cluster.Api.AutoscalingV1;
using Cluster.Api.BatchV1;
using Cluster.Api.CertificatesV1;
using Cluster.Api.Conversion;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Api.NetworkingV1;
using Cluster.Api.NodeV1;
using Cluster.Api.PolicyV1;
using Cluster.Api.RbacV1;
using Cluster.Api.SchedulingV1;
using Cluster.Api.StorageV1;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Tables;

/// <summary>
/// How a kind is shown as a table: the columns, and an object's cells. The server makes them so that clients need not know the kind.
/// </summary>
/// <remarks>All columns are always made, the wide ones too; clients hide what they do not want. Thread-safe.</remarks>
public sealed class TableColumns
{
    private static readonly Dictionary<MessageDescriptor, TableColumns> ByKind = new()
    {
        [Pod.Descriptor] = PodColumns.Make(),
        [PodTemplate.Descriptor] = WorkloadColumns.OfPodTemplate(),
        [ReplicationController.Descriptor] = WorkloadColumns.OfReplicationController(),
        [ReplicaSet.Descriptor] = WorkloadColumns.OfReplicaSet(),
        [Deployment.Descriptor] = WorkloadColumns.OfDeployment(),
        [Scale.Descriptor] = WorkloadColumns.OfScale(),
        [Service.Descriptor] = ServiceColumns.Make(),
        [Endpoints.Descriptor] = EndpointColumns.OfEndpoints(),
        [EndpointSlice.Descriptor] = EndpointColumns.OfEndpointSlice(),
        [Node.Descriptor] = NodeColumns.Make(),
        [Event.Descriptor] = EventColumns.Make(),
        [Namespace.Descriptor] = CoreColumns.OfNamespace(),
        [ConfigMap.Descriptor] = CoreColumns.OfConfigMap(),
        [Secret.Descriptor] = CoreColumns.OfSecret(),
        [ServiceAccount.Descriptor] = CoreColumns.OfServiceAccount(),
        [Lease.Descriptor] = CoreColumns.OfLease(),
        [ResourceQuota.Descriptor] = PolicyColumns.OfResourceQuota(),
        [ComponentStatus.Descriptor] = PolicyColumns.OfComponentStatus(),
        [PersistentVolume.Descriptor] = StorageColumns.OfPersistentVolume(),
        [PersistentVolumeClaim.Descriptor] = StorageColumns.OfPersistentVolumeClaim(),
        [StatefulSet.Descriptor] = WorkloadColumns.OfStatefulSet(),
        [DaemonSet.Descriptor] = WorkloadColumns.OfDaemonSet(),
        [ControllerRevision.Descriptor] = WorkloadColumns.OfControllerRevision(),
        [Job.Descriptor] = BatchColumns.OfJob(),
        [CronJob.Descriptor] = BatchColumns.OfCronJob(),
        [AutoscalingV2.HorizontalPodAutoscaler.Descriptor] = AutoscalingColumns.Make(),
        [Ingress.Descriptor] = NetworkingColumns.OfIngress(),
        [IngressClass.Descriptor] = NetworkingColumns.OfIngressClass(),
        [NetworkPolicy.Descriptor] = NetworkingColumns.OfNetworkPolicy(),
        [RoleBinding.Descriptor] = RbacColumns.OfRoleBinding(),
        [ClusterRoleBinding.Descriptor] = RbacColumns.OfClusterRoleBinding(),
        [PodDisruptionBudget.Descriptor] = PolicyColumns.OfPodDisruptionBudget(),
        [PriorityClass.Descriptor] = PolicyColumns.OfPriorityClass(),
        [RuntimeClass.Descriptor] = PolicyColumns.OfRuntimeClass(),
        [CertificateSigningRequest.Descriptor] = PolicyColumns.OfCertificateSigningRequest(),
        [StorageClass.Descriptor] = StorageColumns.OfStorageClass(),
        [VolumeAttachment.Descriptor] = StorageColumns.OfVolumeAttachment(),
        [CSINode.Descriptor] = StorageColumns.OfCsiNode(),
        [CSIDriver.Descriptor] = StorageColumns.OfCsiDriver(),
        [AdmissionRegistrationV1.MutatingWebhookConfiguration.Descriptor] = PolicyColumns.OfMutatingWebhooks(),
        [AdmissionRegistrationV1.ValidatingWebhookConfiguration.Descriptor] = PolicyColumns.OfValidatingWebhooks(),
        [CSIStorageCapacity.Descriptor] = StorageColumns.OfCsiStorageCapacity(),
    };

    private static readonly ConcurrentDictionary<MessageDescriptor, TableColumns> Converted = new();

    private static readonly TableColumns Common = CoreColumns.OfAnyKind();

    private readonly Func<IApiObject, DateTimeOffset, object?[]> makeCells;

    internal TableColumns(IReadOnlyList<TableColumn> columns, Func<IApiObject, DateTimeOffset, object?[]> makeCells)
    {
        Columns = columns;
        this.makeCells = makeCells;
    }

    public IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>The table of a resource; a kind without one of its own shows name and creation time.</summary>
    public static TableColumns For(ResourceType type) => For(type, type.Descriptor);

    /// <summary>The table of what a resource, or a part of it, is shown as.</summary>
    public static TableColumns For(ResourceType type, MessageDescriptor shown) =>
        type.Custom is { } custom && shown == type.Descriptor ? custom.Columns : For(shown);

    /// <summary>The table of a message: a subresource's body may be another kind than its resource's.</summary>
    /// <remarks>A version that is not stored has the columns of the stored one.</remarks>
    public static TableColumns For(MessageDescriptor descriptor) =>
        ResourceCatalog.Find(descriptor)?.StoredAs is { } stored ? Converted.GetOrAdd(descriptor, _ => OfStored(stored))
        : ByKind.GetValueOrDefault(descriptor, Common);

    private static TableColumns OfStored(MessageDescriptor stored)
    {
        var columns = For(stored);
        return new TableColumns(columns.Columns, (obj, now) => columns.makeCells(Conversions.ToStored(obj, stored), now));
    }

    /// <summary>One cell a column: a text, a number or null.</summary>
    /// <param name="obj">An object of the kind.</param>
    /// <param name="now">What ages are counted to.</param>
    public IReadOnlyList<object?> Cells(IApiObject obj, DateTimeOffset now) => makeCells(obj, now);
}
