using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
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

    /// <summary>The value, or the default where it is empty.</summary>
    internal static string Or(this string value, string fallback) => value.Length == 0 ? fallback : value;
}
