using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Conversion;

/// <summary>
/// Between the version of a kind that is stored and the others it is served in. Objects that come out are new; what a version has no
/// field for is kept where the other has a place for it (labels, annotations), else lost, as in Kubernetes.
/// </summary>
public static class Conversions
{
    private static readonly Dictionary<MessageDescriptor, (Func<IApiObject, IApiObject> FromStored, Func<IApiObject, IApiObject> ToStored)> Others =
        new()
        {
            [EventsV1.Event.Descriptor] = (
                obj => EventConversion.FromCore((CoreV1.Event)obj), obj => EventConversion.ToCore((EventsV1.Event)obj)),
            [PolicyV1Beta1.PodDisruptionBudget.Descriptor] = (
                obj => BudgetConversion.ToBeta((PolicyV1.PodDisruptionBudget)obj),
                obj => BudgetConversion.FromBeta((PolicyV1Beta1.PodDisruptionBudget)obj)),
            [DiscoveryV1Beta1.EndpointSlice.Descriptor] = (
                obj => EndpointSliceConversion.ToBeta((DiscoveryV1.EndpointSlice)obj),
                obj => EndpointSliceConversion.FromBeta((DiscoveryV1Beta1.EndpointSlice)obj)),
            [AutoscalingV1.HorizontalPodAutoscaler.Descriptor] = (
                obj => AutoscalerConversion.ToV1((AutoscalingV2.HorizontalPodAutoscaler)obj),
                obj => AutoscalerConversion.FromV1((AutoscalingV1.HorizontalPodAutoscaler)obj)),
        };

    /// <summary>The stored object as an object of the version.</summary>
    /// <param name="obj">Not changed.</param>
    /// <param name="version">The version's message; the object's own gives the object itself.</param>
    public static IApiObject FromStored(IApiObject obj, MessageDescriptor version) =>
        obj.Descriptor == version ? obj
        : Others.TryGetValue(version, out var converter) ? converter.FromStored(obj) : Same(obj, version);

    /// <summary>An object of a version as it is stored.</summary>
    /// <param name="obj">Not changed.</param>
    /// <param name="stored">The message of the stored version; the object's own gives the object itself.</param>
    public static IApiObject ToStored(IApiObject obj, MessageDescriptor stored) =>
        obj.Descriptor == stored ? obj
        : Others.TryGetValue(obj.Descriptor, out var converter) ? converter.ToStored(obj) : Same(obj, stored);

    /// <summary>An object of any version of its kind in any other.</summary>
    /// <param name="obj">Not changed.</param>
    /// <param name="version">The version's message; the object's own gives the object itself.</param>
    public static IApiObject Convert(IApiObject obj, MessageDescriptor version)
    {
        if (obj.Descriptor == version)
            return obj;

        var stored = ResourceCatalog.Find(obj.Descriptor)?.Storage.Descriptor ?? obj.Descriptor;
        return FromStored(ToStored(obj, stored), version);
    }

    private static IApiObject Same(IApiObject obj, MessageDescriptor type) => (IApiObject)type.Parser.ParseFrom(obj.ToByteString());
}
