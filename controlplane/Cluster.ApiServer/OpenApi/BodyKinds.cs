using Cluster.Api;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>The message of a subresource's body, which need not be a resource of its own.</summary>
internal static class BodyKinds
{
    private static readonly Dictionary<(string, string), MessageDescriptor> Others = new()
    {
        [("autoscaling/v1", "Scale")] = Cluster.Api.AutoscalingV1.Scale.Descriptor,
        [("authentication.k8s.io/v1", "TokenRequest")] = Cluster.Api.AuthenticationV1.TokenRequest.Descriptor,
        [("policy/v1", "Eviction")] = Cluster.Api.PolicyV1.Eviction.Descriptor,
    };

    /// <exception cref="KeyNotFoundException">The catalog names a body nobody defined.</exception>
    public static MessageDescriptor Find(string apiVersion, string kind) =>
        ResourceCatalog.FindKind(apiVersion, kind)?.Descriptor ?? Others[(apiVersion, kind)];

    public static IEnumerable<(string ApiVersion, string Kind, MessageDescriptor Message)> OutsideCatalog =>
        Others.Select(other => (other.Key.Item1, other.Key.Item2, other.Value));
}
