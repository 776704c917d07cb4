using Cluster.Api.CoreV1;

namespace Cluster.Api.Tables;

internal static class ServiceColumns
{
    private static readonly ServiceSpec NoSpec = new();

    public static TableColumns Make() => new TableBuilder<Service>()
        .Name()
        .Text("Type", "How it is reached: from inside, by node ports, by a load balancer, or by name.", service => service.Spec?.Type ?? "")
        .Text("Cluster-IP", "The address inside the cluster; None for a headless service.", ClusterAddress)
        .Text("External-IP", "Addresses outside the cluster.", ExternalAddress)
        .Text("Port(s)", "Each port, its node port if it has one, and its protocol.", Ports)
        .Age()
        .Wide("Selector", "The labels that make a pod a backend.", service => CellText.Labels(service.Spec?.Selector))
        .Build();

    private static string ClusterAddress(Service service) => CellText.OrNone(service.Spec?.ClusterIPs.FirstOrDefault());

    private static string ExternalAddress(Service service)
    {
        var spec = service.Spec ?? NoSpec;
        return spec.Type switch
        {
            "ClusterIP" or "NodePort" => CellText.List(spec.ExternalIPs),
            "LoadBalancer" => LoadBalancer(service, spec),
            "ExternalName" => spec.ExternalName,
            _ => "<unknown>",
        };
    }

    private static string LoadBalancer(Service service, ServiceSpec spec)
    {
        var ingress = service.Status?.LoadBalancer?.Ingress.Select(entry => entry.Ip.Length > 0 ? entry.Ip : entry.Hostname) ?? [];
        var given = ingress.Where(address => address.Length > 0).Distinct().Order(StringComparer.Ordinal);
        var addresses = given.Concat(spec.ExternalIPs).ToList();
        return addresses.Count == 0 ? "<pending>" : string.Join(',', addresses);
    }

    private static string Ports(Service service) => CellText.List((service.Spec ?? NoSpec).Ports.Select(port =>
        port.NodePort > 0 ? $"{port.Port}:{port.NodePort}/{port.Protocol}" : $"{port.Port}/{port.Protocol}"));
}
