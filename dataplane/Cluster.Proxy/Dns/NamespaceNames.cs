using Cluster.Dataplane.Dns;

namespace Cluster.Proxy.Dns;

/// <summary>Keeps the names of namespaces while they have services. Used by one thread.</summary>
internal sealed class NamespaceNames(DnsZone zone, string domain)
{
    private readonly Dictionary<string, int> _services = [];

    public void Add(string ns)
    {
        int count = _services.GetValueOrDefault(ns);
        _services[ns] = count + 1;
        if (count > 0) return;
        foreach (string name in Names(ns)) zone.Set(name, []);
    }

    public void Remove(string ns)
    {
        int count = _services[ns] - 1;
        _services[ns] = count;
        if (count > 0) return;
        _services.Remove(ns);
        foreach (string name in Names(ns)) zone.Remove(name);
    }

    private string[] Names(string ns) => [$"{ns}.svc.{domain}", $"{ns}.pod.{domain}"];
}
