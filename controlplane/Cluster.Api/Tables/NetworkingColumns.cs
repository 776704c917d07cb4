using Cluster.Api.NetworkingV1;

namespace Cluster.Api.Tables;

/// <summary>Ways in from outside, and who may talk to whom.</summary>
internal static class NetworkingColumns
{
    public static TableColumns OfIngress() => new TableBuilder<Ingress>()
        .Name()
        .Text("Class", "The class of controllers that serve it.", ingress => CellText.OrNone(ingress.Spec?.IngressClassName))
        .Text("Hosts", "The hosts it has rules for.", Hosts)
        .Text("Address", "Where it is reached.", Address)
        .Text("Ports", "The ports it is reached at.", ingress => ingress.Spec?.Tls.Count > 0 ? "80, 443" : "80")
        .Age()
        .Build();

    public static TableColumns OfIngressClass() => new TableBuilder<IngressClass>()
        .Name()
        .Text("Controller", "The controller that serves ingresses of the class.", item => item.Spec?.Controller ?? "")
        .Text("Parameters", "The object with the controller's settings.", Parameters)
        .Age()
        .Build();

    public static TableColumns OfNetworkPolicy() => new TableBuilder<NetworkPolicy>()
        .Name()
        .Text("Pod-Selector", "The pods it is about.", policy => CellText.Selector(policy.Spec?.PodSelector))
        .Age()
        .Build();

    private static string Hosts(Ingress ingress) =>
        CellText.Few([.. (ingress.Spec?.Rules ?? []).Select(rule => rule.Host).Where(host => host.Length > 0)], whenEmpty: "*");

    private static string Address(Ingress ingress) => string.Join(',', (ingress.Status?.LoadBalancer?.Ingress ?? [])
        .Select(entry => entry.Ip.Length > 0 ? entry.Ip : entry.Hostname).Where(address => address.Length > 0)
        .Distinct().Order(StringComparer.Ordinal));

    private static string Parameters(IngressClass item)
    {
        if (item.Spec?.Parameters is not { } parameters)
        {
            return CellText.None;
        }
        var group = parameters.APIGroup.Length > 0 ? "." + parameters.APIGroup : "";
        return $"{parameters.Kind}{group}/{parameters.Name}";
    }
}
