using Cluster.Api.AppsV1;
using Cluster.Api.AutoscalingV2;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Api.NetworkingV1;
using Cluster.Api.NodeV1;
using Cluster.Api.RbacV1;
using Cluster.Api.SchedulingV1;
using Cluster.Api.StorageV1;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Defaulting;

/// <summary>
/// Fills fields that were left out with what Kubernetes means by leaving them out. Idempotent; runs after decoding and again
/// after a patch.
/// </summary>
/// <remarks>
/// What needs other objects (cluster IPs, node ports, service accounts, priorities) or the time is not here but in admission and
/// the registry.
/// </remarks>
public static class Defaults
{
    private static readonly Dictionary<MessageDescriptor, Action<IApiObject>> ByKind = new()
    {
        [Pod.Descriptor] = obj => PodDefaults.Apply((Pod)obj),
        [PodTemplate.Descriptor] = obj => PodSpecDefaults.Apply(((PodTemplate)obj).Template),
        [Service.Descriptor] = obj => ServiceDefaults.Apply((Service)obj),
        [ReplicationController.Descriptor] = obj => WorkloadDefaults.Apply((ReplicationController)obj),
        [ReplicaSet.Descriptor] = obj => WorkloadDefaults.Apply((ReplicaSet)obj),
        [Deployment.Descriptor] = obj => WorkloadDefaults.Apply((Deployment)obj),
        [Endpoints.Descriptor] = obj => EndpointDefaults.Apply((Endpoints)obj),
        [EndpointSlice.Descriptor] = obj => EndpointDefaults.Apply((EndpointSlice)obj),
        [Namespace.Descriptor] = obj => CoreDefaults.Apply((Namespace)obj),
        [Node.Descriptor] = obj => CoreDefaults.Apply((Node)obj),
        [Secret.Descriptor] = obj => CoreDefaults.Apply((Secret)obj),
        [LimitRange.Descriptor] = obj => CoreDefaults.Apply((LimitRange)obj),
        [ResourceQuota.Descriptor] = obj => CoreDefaults.Apply((ResourceQuota)obj),
        [PersistentVolume.Descriptor] = obj => StorageDefaults.Apply((PersistentVolume)obj),
        [PersistentVolumeClaim.Descriptor] = obj => StorageDefaults.Apply((PersistentVolumeClaim)obj),
        [StorageClass.Descriptor] = obj => StorageDefaults.Apply((StorageClass)obj),
        [CSIDriver.Descriptor] = obj => StorageDefaults.Apply((CSIDriver)obj),
        [StatefulSet.Descriptor] = obj => WorkloadDefaults.Apply((StatefulSet)obj),
        [DaemonSet.Descriptor] = obj => WorkloadDefaults.Apply((DaemonSet)obj),
        [Job.Descriptor] = obj => BatchDefaults.Apply((Job)obj),
        [CronJob.Descriptor] = obj => BatchDefaults.Apply((CronJob)obj),
        [HorizontalPodAutoscaler.Descriptor] = obj => AutoscalingDefaults.Apply((HorizontalPodAutoscaler)obj),
        [IngressClass.Descriptor] = obj => NetworkingDefaults.Apply((IngressClass)obj),
        [NetworkPolicy.Descriptor] = obj => NetworkingDefaults.Apply((NetworkPolicy)obj),
        [RoleBinding.Descriptor] = obj => RbacDefaults.Apply(((RoleBinding)obj).RoleRef, ((RoleBinding)obj).Subjects),
        [ClusterRoleBinding.Descriptor] = obj => RbacDefaults.Apply(((ClusterRoleBinding)obj).RoleRef, ((ClusterRoleBinding)obj).Subjects),
        [PriorityClass.Descriptor] = obj => PriorityDefaults((PriorityClass)obj),
        [AdmissionRegistrationV1.MutatingWebhookConfiguration.Descriptor] =
            obj => WebhookDefaults.Apply((AdmissionRegistrationV1.MutatingWebhookConfiguration)obj),
        [AdmissionRegistrationV1.ValidatingWebhookConfiguration.Descriptor] =
            obj => WebhookDefaults.Apply((AdmissionRegistrationV1.ValidatingWebhookConfiguration)obj),
        [ApiExtensionsV1.CustomResourceDefinition.Descriptor] = obj => DefinitionDefaults.Apply((ApiExtensionsV1.CustomResourceDefinition)obj),
        [RuntimeClass.Descriptor] = obj => ResourceListDefaults.Apply(((RuntimeClass)obj).Overhead?.PodFixed ?? []),
    };

    /// <summary>Changes the object in place, and gives it the one form in which equal objects are equal messages.</summary>
    public static void Apply(IApiObject obj)
    {
        ValueStructs.Fill(obj);
        if (ByKind.TryGetValue(obj.Descriptor, out var apply))
        {
            apply(obj);
        }
    }

    private static void PriorityDefaults(PriorityClass item)
    {
        if (!item.HasPreemptionPolicy)
        {
            item.PreemptionPolicy = "PreemptLowerPriority";
        }
    }

    /// <summary>The value, or the default where it is empty.</summary>
    internal static string Or(this string value, string fallback) => value.Length == 0 ? fallback : value;
}
