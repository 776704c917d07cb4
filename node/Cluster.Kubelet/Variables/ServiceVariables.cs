using System.Globalization;
using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.Variables;

/// <summary>The variables that tell a container where services are: <c>{SVC}_SERVICE_HOST</c> and the Docker-links set.</summary>
public static class ServiceVariables
{
    private const string MasterNamespace = "default";
    private const string MasterService = "kubernetes";

    /// <summary>Of the services of a pod's namespace (if it wants links) and of default/kubernetes.</summary>
    public static Dictionary<string, string> For(IEnumerable<Service> services, string ns, bool links)
    {
        var variables = new Dictionary<string, string>();
        var visible = services.Where(HasAddress).Where(service => IsVisible(service, ns, links));

        // The pod's own namespace comes last, so a service named kubernetes in it hides the master's, as upstream.
        foreach (
            var service in visible.OrderBy(service => service.Metadata.Namespace == ns).ThenBy(
                service => service.Metadata.Name, StringComparer.Ordinal))
        {
            if (service.Spec.Ports.Count > 0) Add(variables, service);
        }

        return variables;
    }

    private static bool HasAddress(Service service) => service.Spec?.ClusterIP is { Length: > 0 } address && address != "None";

    private static bool IsVisible(Service service, string ns, bool links) =>
        (links && service.Metadata.Namespace == ns)
        || (service.Metadata.Namespace == MasterNamespace && service.Metadata.Name == MasterService);

    private static void Add(Dictionary<string, string> variables, Service service)
    {
        var name = VariableName(service.Metadata.Name);
        var address = service.Spec.ClusterIP;
        var first = service.Spec.Ports[0];
        variables[$"{name}_SERVICE_HOST"] = address;
        variables[$"{name}_SERVICE_PORT"] = Number(first.Port);
        foreach (var port in service.Spec.Ports.Where(port => port.Name.Length > 0))
        {
            variables[$"{name}_SERVICE_PORT_{VariableName(port.Name)}"] = Number(port.Port);
        }

        variables[$"{name}_PORT"] = Url(first, address);
        foreach (var port in service.Spec.Ports) AddLink(variables, name, port, address);
    }

    private static void AddLink(Dictionary<string, string> variables, string name, ServicePort port, string address)
    {
        var prefix = $"{name}_PORT_{Number(port.Port)}_{Protocol(port).ToUpperInvariant()}";
        variables[prefix] = Url(port, address);
        variables[prefix + "_PROTO"] = Protocol(port);
        variables[prefix + "_PORT"] = Number(port.Port);
        variables[prefix + "_ADDR"] = address;
    }

    private static string Url(ServicePort port, string address) =>
        address.Contains(':', StringComparison.Ordinal)
            ? $"{Protocol(port)}://[{address}]:{Number(port.Port)}"
            : $"{Protocol(port)}://{address}:{Number(port.Port)}";

    private static string Protocol(ServicePort port) => port.Protocol.Length == 0 ? "tcp" : port.Protocol.ToLowerInvariant();

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string VariableName(string name) => name.ToUpperInvariant().Replace('-', '_');
}
