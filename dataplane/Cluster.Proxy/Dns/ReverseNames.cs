using Cluster.Client;
using Cluster.Dataplane.Dns;

namespace Cluster.Proxy.Dns;

/// <summary>Writes the reverse names of addresses, which several services may have a part in. A name is there while one of them has.</summary>
/// <remarks>Used by one thread.</remarks>
internal sealed class ReverseNames(DnsZone zone)
{
    private readonly Dictionary<string, List<(ObjectKey Service, DnsRecord[] Records)>> _parts = [];

    /// <summary>Gives a service's part of a name, in place of the one it had.</summary>
    public void Set(ObjectKey service, string name, DnsRecord[] records)
    {
        if (!_parts.TryGetValue(name, out var parts)) _parts[name] = parts = new(1);
        int index = IndexOf(parts, service);
        if (index < 0) parts.Add((service, records));
        else parts[index] = (service, records);
        Write(name, parts);
    }

    public void Remove(ObjectKey service, string name)
    {
        if (!_parts.TryGetValue(name, out var parts)) return;
        int index = IndexOf(parts, service);
        if (index < 0) return;
        parts.RemoveAt(index);
        if (parts.Count > 0)
        {
            Write(name, parts);
            return;
        }

        _parts.Remove(name);
        zone.Remove(name);
    }

    private void Write(string name, List<(ObjectKey Service, DnsRecord[] Records)> parts) => zone.Set(name, [.. parts.SelectMany(part => part.Records)]);

    private static int IndexOf(List<(ObjectKey Service, DnsRecord[] Records)> parts, ObjectKey service) => parts.FindIndex(part => part.Service == service);
}
