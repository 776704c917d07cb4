using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Api.MetaV1;
using Endpoint = Cluster.Api.DiscoveryV1.Endpoint;
using EndpointPort = Cluster.Api.DiscoveryV1.EndpointPort;

namespace Cluster.Proxy.Tests;

/// <summary>Short forms of the objects most tests need.</summary>
internal static class Make
{
    public const string Namespace = "shop";

    public static Service Service(string name, string clusterIP, params ServicePort[] ports)
    {
        var service = new Service { Metadata = new ObjectMeta { Namespace = Namespace, Name = name }, Spec = new ServiceSpec { ClusterIP = clusterIP, Type = "ClusterIP" } };
        if (clusterIP.Length > 0) service.Spec.ClusterIPs.Add(clusterIP);
        service.Spec.Ports.AddRange(ports);
        return service;
    }

    public static ServicePort Port(int port, string name = "", string protocol = "TCP", int nodePort = 0) =>
        new() { Port = port, Name = name, Protocol = protocol, NodePort = nodePort };

    public static EndpointSlice Slice(string service, int port, params Endpoint[] endpoints) => Slice(service, [EndpointPort(port)], endpoints);

    public static EndpointSlice Slice(string service, EndpointPort[] ports, params Endpoint[] endpoints)
    {
        var slice = new EndpointSlice { Metadata = new ObjectMeta { Namespace = Namespace, Name = service + "-abcde" }, AddressType = "IPv4" };
        slice.Metadata.Labels["kubernetes.io/service-name"] = service;
        slice.Ports.AddRange(ports);
        slice.Endpoints.AddRange(endpoints);
        return slice;
    }

    public static EndpointPort EndpointPort(int port, string name = "", string protocol = "TCP") => new() { Port = port, Name = name, Protocol = protocol };

    public static Endpoint Endpoint(string address, bool? ready = true, string? uid = null, string? node = null, string? hostname = null)
    {
        var endpoint = new Endpoint { Conditions = new EndpointConditions() };
        endpoint.Addresses.Add(address);
        if (ready is { } known) endpoint.Conditions.Ready = known;
        if (uid is not null) endpoint.TargetRef = new ObjectReference { Kind = "Pod", Uid = uid };
        if (node is not null) endpoint.NodeName = node;
        if (hostname is not null) endpoint.Hostname = hostname;
        return endpoint;
    }
}
