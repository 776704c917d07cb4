using Cluster.Api.CoreV1;
using Cluster.Kubelet.Variables;

namespace Cluster.Kubelet.Tests.Variables;

public sealed class ServiceVariablesTests
{
    [Fact]
    public void For_AServiceWithTwoPorts_GivesTheWholeSet()
    {
        var service = Make("ns", "redis-master", "10.0.0.11", ("main", 6379, "TCP"), ("metrics", 53, "UDP"));

        var variables = ServiceVariables.For([service], "ns", links: true);

        Assert.Equal(
            new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["REDIS_MASTER_SERVICE_HOST"] = "10.0.0.11",
                ["REDIS_MASTER_SERVICE_PORT"] = "6379",
                ["REDIS_MASTER_SERVICE_PORT_MAIN"] = "6379",
                ["REDIS_MASTER_SERVICE_PORT_METRICS"] = "53",
                ["REDIS_MASTER_PORT"] = "tcp://10.0.0.11:6379",
                ["REDIS_MASTER_PORT_6379_TCP"] = "tcp://10.0.0.11:6379",
                ["REDIS_MASTER_PORT_6379_TCP_PROTO"] = "tcp",
                ["REDIS_MASTER_PORT_6379_TCP_PORT"] = "6379",
                ["REDIS_MASTER_PORT_6379_TCP_ADDR"] = "10.0.0.11",
                ["REDIS_MASTER_PORT_53_UDP"] = "udp://10.0.0.11:53",
                ["REDIS_MASTER_PORT_53_UDP_PROTO"] = "udp",
                ["REDIS_MASTER_PORT_53_UDP_PORT"] = "53",
                ["REDIS_MASTER_PORT_53_UDP_ADDR"] = "10.0.0.11",
            },
            new SortedDictionary<string, string>(variables, StringComparer.Ordinal));
    }

    [Fact]
    public void For_WithoutLinks_GivesTheMasterAlone()
    {
        Service[] services = [Make("ns", "a", "10.0.0.1", ("", 1, "TCP")), Make("default", "kubernetes", "10.0.0.2", ("https", 443, "TCP"))];

        var variables = ServiceVariables.For(services, "ns", links: false);

        Assert.All(variables.Keys, name => Assert.StartsWith("KUBERNETES_", name, StringComparison.Ordinal));
    }

    [Fact]
    public void For_HeadlessServices_GivesNothing() => Assert.Empty(ServiceVariables.For([Make("ns", "a", "None", ("", 1, "TCP"))], "ns", links: true));

    private static Service Make(string ns, string name, string address, params (string Name, int Port, string Protocol)[] ports)
    {
        var service = new Service { Metadata = new() { Name = name, Namespace = ns }, Spec = new() { ClusterIP = address } };
        foreach (var port in ports) service.Spec.Ports.Add(new ServicePort { Name = port.Name, Port = port.Port, Protocol = port.Protocol });
        return service;
    }
}
