using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Allocation;

namespace Cluster.ApiServer.Strategies;

/// <summary>A service keeps what it was given unless the update says otherwise, and drops what its new type has no use for.</summary>
internal sealed class ServiceStrategy(ResourceType type, ServiceAllocator allocator) : ResourceStrategy(type)
{
    public override IClaimant Claimant => allocator;

    public override void PrepareForCreate(IApiObject obj)
    {
        base.PrepareForCreate(obj);
        var service = (Service)obj;
        service.Status = new ServiceStatus { LoadBalancer = new LoadBalancerStatus() };
        if (service.Spec is { } spec)
            AlignAddresses(spec);
    }

    public override void PrepareForUpdate(IApiObject obj, IApiObject old)
    {
        base.PrepareForUpdate(obj, old);
        if (((Service)obj).Spec is not { } spec || ((Service)old).Spec is not { } before)
            return;

        AlignAddresses(spec, before);
        DropForType(spec, before);
        KeepAllocated(spec, before);
    }

    // clusterIP is the first of clusterIPs; old clients know only the one and send the other along unchanged.
    private static void AlignAddresses(ServiceSpec spec, ServiceSpec? before = null)
    {
        var listIsStale = before is not null && spec.ClusterIP != before.ClusterIP && spec.ClusterIPs.Equals(before.ClusterIPs);
        if (listIsStale)
            spec.ClusterIPs.Clear();
        if (spec.ClusterIPs.Count == 0 && spec.ClusterIP.Length > 0)
            spec.ClusterIPs.Add(spec.ClusterIP);
    }

    // Only what the client sent back unchanged: a value it set anew is for validation to refuse.
    private static void DropForType(ServiceSpec spec, ServiceSpec before)
    {
        if (!ServiceTypes.NeedsClusterIP(spec) && spec.ClusterIPs.Equals(before.ClusterIPs))
        {
            spec.ClusterIP = "";
            spec.ClusterIPs.Clear();
            spec.IpFamilies.Clear();
            spec.ClearIpFamilyPolicy();
        }

        if (!ServiceTypes.MayHaveNodePorts(spec))
            DropNodePorts(spec, before);
        if (!ServiceTypes.NeedsHealthCheckPort(spec) && spec.HealthCheckNodePort == before.HealthCheckNodePort)
            spec.HealthCheckNodePort = 0;
        if (!ServiceTypes.HasTrafficPolicy(spec) && spec.ExternalTrafficPolicy == before.ExternalTrafficPolicy)
            spec.ExternalTrafficPolicy = "";
        if (spec.Type != "LoadBalancer" && spec.HasAllocateLoadBalancerNodePorts
            && spec.AllocateLoadBalancerNodePorts == before.AllocateLoadBalancerNodePorts)
        {
            spec.ClearAllocateLoadBalancerNodePorts();
        }

        if (spec.Type != "LoadBalancer" && spec.HasLoadBalancerClass && spec.LoadBalancerClass == before.LoadBalancerClass)
            spec.ClearLoadBalancerClass();
    }

    private static void DropNodePorts(ServiceSpec spec, ServiceSpec before)
    {
        var held = before.Ports.Select(port => port.NodePort).ToHashSet();
        foreach (var port in spec.Ports.Where(port => held.Contains(port.NodePort)))
            port.NodePort = 0;
    }

    private static void KeepAllocated(ServiceSpec spec, ServiceSpec before)
    {
        if (ServiceTypes.NeedsClusterIP(spec) && ServiceTypes.NeedsClusterIP(before) && spec.ClusterIP.Length == 0)
        {
            spec.ClusterIP = before.ClusterIP;
            if (spec.ClusterIPs.Count == 0)
                spec.ClusterIPs.Add(before.ClusterIPs);
        }

        if (ServiceTypes.NeedsClusterIP(spec) && ServiceTypes.NeedsClusterIP(before))
            KeepFamilies(spec, before);
        if (ServiceTypes.NeedsNodePorts(spec) && ServiceTypes.NeedsNodePorts(before))
            KeepNodePorts(spec, before);
        if (ServiceTypes.NeedsHealthCheckPort(spec) && ServiceTypes.NeedsHealthCheckPort(before) && spec.HealthCheckNodePort == 0)
            spec.HealthCheckNodePort = before.HealthCheckNodePort;
    }

    private static void KeepFamilies(ServiceSpec spec, ServiceSpec before)
    {
        if (!spec.HasIpFamilyPolicy && before.HasIpFamilyPolicy)
            spec.IpFamilyPolicy = before.IpFamilyPolicy;
        // Who asks for one family alone need not name it.
        if (spec is { IpFamilyPolicy: "SingleStack", IpFamilies.Count: 2 } && spec.IpFamilies.Equals(before.IpFamilies))
            spec.IpFamilies.RemoveAt(1);
    }

    // The name says which port it is: its number, its protocol and where it leads may be what the update changes.
    private static void KeepNodePorts(ServiceSpec spec, ServiceSpec before)
    {
        var used = spec.Ports.Select(port => port.NodePort).ToHashSet();
        foreach (var port in spec.Ports.Where(port => port.NodePort == 0))
        {
            var old = before.Ports.FirstOrDefault(other => other.Name == port.Name);
            if (old is { NodePort: not 0 } && used.Add(old.NodePort))
                port.NodePort = old.NodePort;
        }
    }
}
