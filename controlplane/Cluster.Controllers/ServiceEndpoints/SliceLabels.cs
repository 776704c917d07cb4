using Cluster.Api.DiscoveryV1;
using Cluster.Client;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>The labels by which slices are found.</summary>
internal static class SliceLabels
{
    public const string ServiceName = "kubernetes.io/service-name";
    public const string ManagedBy = "endpointslice.kubernetes.io/managed-by";
    public const string Headless = "service.kubernetes.io/headless";
    public const string SkipMirror = "endpointslice.kubernetes.io/skip-mirror";

    /// <summary>The service the slice says it belongs to; an empty name if it does not say.</summary>
    public static ObjectKey ServiceOf(EndpointSlice slice) => new(slice.Metadata.Namespace, Value(slice, ServiceName));

    public static string ManagerOf(EndpointSlice slice) => Value(slice, ManagedBy);

    private static string Value(EndpointSlice slice, string label) => slice.Metadata.Labels.TryGetValue(label, out var value) ? value : "";
}
