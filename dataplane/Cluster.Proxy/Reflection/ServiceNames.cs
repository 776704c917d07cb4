using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Reflection;

/// <summary>How API objects, service ports and one another are told to belong together.</summary>
internal static class ServiceNames
{
    public const string ServiceNameLabel = "kubernetes.io/service-name";
    private const string OtherProxyLabel = "service.kubernetes.io/service-proxy-name";
    private const string HeadlessLabel = "service.kubernetes.io/headless";

    public static ServicePortId IdOf(ObjectKey service, string portName, ServiceProtocol protocol) =>
        new(portName.Length == 0 ? service.ToString() : $"{service}:{portName}", protocol);

    public static ObjectKey ServiceOf(ServicePortId id)
    {
        var colon = id.Name.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? id.Name : id.Name[..colon];
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return new ObjectKey(name[..slash], name[(slash + 1)..]);
    }

    /// <summary>The service a slice belongs to, or null.</summary>
    public static ObjectKey? ServiceOf(EndpointSlice slice) =>
        slice.Metadata.Labels.TryGetValue(ServiceNameLabel, out var name) && name.Length > 0 ? new ObjectKey(slice.Metadata.Namespace, name) : null;

    /// <summary>False for services that another proxy serves or that have no address to serve.</summary>
    public static bool IsOurs(Service service) =>
        !service.Metadata.Labels.ContainsKey(OtherProxyLabel)
        && !service.Metadata.Labels.ContainsKey(HeadlessLabel)
        && service.Spec is { Type: not "ExternalName" } spec
        && !IsHeadless(spec);

    public static bool IsHeadless(ServiceSpec spec) => spec.ClusterIP is "None" or "";

    public static ServiceProtocol? ProtocolOf(string protocol) => protocol switch
    {
        "TCP" or "" => ServiceProtocol.Tcp,
        "UDP" => ServiceProtocol.Udp,
        _ => null,
    };
}
