using System.Globalization;

namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>hostPorts: no port of the node is taken.</summary>
internal static class HostPorts
{
    public static Violation? Check(PodSubject pod)
    {
        var ports = new SortedSet<string>(StringComparer.Ordinal);
        List<string> containers = [];
        foreach (var container in pod.Containers)
        {
            var taken = container.Ports.Where(port => port.HostPort != 0).Select(port => port.HostPort.ToString(CultureInfo.InvariantCulture)).ToList();
            if (taken.Count == 0)
                continue;
            ports.UnionWith(taken);
            containers.Add(container.Name);
        }

        return containers.Count == 0 ? null : new Violation(
            "hostPort",
            $"{Wording.Containers(containers)} {Wording.Plural("uses", "use", containers.Count)} {Wording.Plural("hostPort", "hostPorts", ports.Count)} {Wording.Listed(ports)}");
    }
}
