using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Volumes;

namespace Cluster.Kubelet.Dns;

/// <summary>
/// resolv.conf, hosts and hostname as files of ours, bound into every container: left to itself the engine would put its own
/// embedded DNS there.
/// </summary>
internal sealed class PodNameFiles(KubeletOptions options)
{
    /// <summary>Writes the files of a pod whose address is known; returns how containers see them.</summary>
    public async Task<IReadOnlyList<BindMount>> WriteAsync(
        Pod pod, PodDirectory directory, string podIP, CancellationToken cancellationToken)
    {
        var mounts = new List<BindMount>();
        async Task Add(string name, string target, string content)
        {
            var path = directory.File(name);

            // Written in place: a bind mount holds on to the file, not to the name.
            await File.WriteAllTextAsync(path, content, cancellationToken);
            mounts.Add(new BindMount(path, target, ReadOnly: false));
        }

        await Add("resolv.conf", "/etc/resolv.conf", ResolverSettings.For(pod, options));
        if (!pod.Spec.HostNetwork)
        {
            await Add("etc-hosts", "/etc/hosts", PodHostNames.HostsFile(pod, podIP, options.ClusterDomain));
            await Add("hostname", "/etc/hostname", PodHostNames.Short(pod) + "\n");
        }
        else if (pod.Spec.HostAliases.Count > 0)
        {
            await Add(
                "etc-hosts", "/etc/hosts", PodHostNames.HostsFileOnHost(pod, await File.ReadAllTextAsync("/etc/hosts", cancellationToken)));
        }

        return mounts;
    }
}
