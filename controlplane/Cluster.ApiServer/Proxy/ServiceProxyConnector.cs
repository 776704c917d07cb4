using System.Globalization;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Kubelets;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Proxy;

/// <summary><c>services/proxy</c>: one of the service's ready endpoints, by chance.</summary>
internal sealed class ServiceProxyConnector(IObjectReader reader, HttpMessageInvoker client, Forwarder forwarder)
    : ProxyConnector("services", forwarder)
{
    protected override async ValueTask<(Uri Root, HttpMessageInvoker Client)> LocateAsync(RequestScope scope, CancellationToken cancellationToken)
    {
        var name = ProxyName.Parse(scope.Name!, "service");
        var service = await reader.GetAsync<Service>(scope.Namespace, name.Name, cancellationToken);
        var port = PortName(service, name.Port);
        var endpoints = await reader.GetAsync<Endpoints>(scope.Namespace, name.Name, cancellationToken);
        var targets = endpoints.Subsets
            .SelectMany(subset => subset.Ports.Where(candidate => candidate.Name == port)
                .SelectMany(candidate => subset.Addresses.Select(address => (address.Ip, candidate.Port))))
            .ToList();
        if (targets.Count == 0)
            throw StatusErrors.ServiceUnavailable($"no endpoints available for service {GoText.Quote(name.Name)}");
        var (ip, number) = targets[Random.Shared.Next(targets.Count)];
        return (name.Root(ProxyAddress.Check(ip), number.ToString(CultureInfo.InvariantCulture)), client);
    }

    /// <summary>Endpoints know ports by name; a number is one of the service.</summary>
    private static string PortName(Service service, string asked)
    {
        if (!int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return asked;
        return service.Spec.Ports.FirstOrDefault(port => port.Port == number)?.Name
            ?? throw StatusErrors.ServiceUnavailable($"no service port {number} found for service {GoText.Quote(service.Metadata.Name)}");
    }
}
