using System.Net.Sockets;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>What the kernel's translation needs of the host's settings, which are the host's owner's to change.</summary>
internal static class NatConditions
{
    /// <summary>What is missing, what that means and what to do, a sentence each.</summary>
    /// <param name="options">What is to be served.</param>
    /// <param name="folder">Where settings are read; null: <c>/proc/sys/net</c>.</param>
    public static IEnumerable<string> Missing(NatOptions options, string? folder = null)
    {
        var v6 = options.Ranges.Concat(options.PodRanges).Any(range => range.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6);
        if (!IsOn("ipv4/ip_forward")) yield return Forwarding("net.ipv4.ip_forward", "IPv4");
        if (v6 && !IsOn("ipv6/conf/all/forwarding")) yield return Forwarding("net.ipv6.conf.all.forwarding", "IPv6");
        if (options.MasqueradeAll) yield break;
        if (!IsOn("bridge/bridge-nf-call-iptables")) yield return Bridging("net.bridge.bridge-nf-call-iptables", "IPv4");
        if (v6 && !IsOn("bridge/bridge-nf-call-ip6tables")) yield return Bridging("net.bridge.bridge-nf-call-ip6tables", "IPv6");

        bool IsOn(string name) => KernelSetting.Read(name, folder) is > 0;
    }

    private static string Forwarding(string setting, string family) =>
        $"{setting} is not 1: this node does not forward, so pods and clients beyond it reach no service over {family}. Set it by sysctl";

    private static string Bridging(string setting, string family) =>
        $"{setting} is missing or not 1: what pods on one bridge answer one another passes the node by, and a pod that asks a service gets no answer over {family} from a backend "
        + "on its own bridge. Load the module br_netfilter and set it by sysctl, or run with --masquerade-all";
}
