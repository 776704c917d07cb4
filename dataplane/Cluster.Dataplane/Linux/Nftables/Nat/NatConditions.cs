using System.Net.Sockets;
using Cluster.Dataplane.Addresses;

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

    /// <summary>What a bridge of pods lacks, which pods may be attached to at any time; nothing where the bridge passes the kernel's translation by.</summary>
    /// <param name="options">What is to be served.</param>
    /// <param name="addresses">Of this node's interfaces.</param>
    /// <param name="folder">Where settings are read; null: <c>/proc/sys/net</c>.</param>
    /// <param name="interfaces">Where bridges are looked up; null: <c>/sys/class/net</c>.</param>
    public static IEnumerable<(string Bridge, string Missing)> MissingAtBridges(NatOptions options, IEnumerable<InterfaceAddress> addresses, string? folder = null, string? interfaces = null) =>
        KernelSetting.Read("bridge/bridge-nf-call-iptables", folder) is > 0 || KernelSetting.Read("bridge/bridge-nf-call-ip6tables", folder) is > 0
            ? PodBridges.WithoutHairpin(options, addresses, interfaces).Select(bridge => (bridge, Hairpin(bridge)))
            : [];

    private static string Forwarding(string setting, string family) =>
        $"{setting} is not 1: this node does not forward, so pods and clients beyond it reach no service over {family}. Set it by sysctl";

    private static string Bridging(string setting, string family) =>
        $"{setting} is missing or not 1: what pods on one bridge answer one another passes the node by, and a pod that asks a service gets no answer over {family} from a backend "
        + "on its own bridge. Load the module br_netfilter and set it by sysctl, or run with --masquerade-all";

    private static string Hairpin(string bridge) =>
        $"No port of the bridge {bridge} has the hairpin mode: a pod there that asks a service it is a backend of itself gets no answer when the turn is its own. Have whoever attaches "
        + "pods set it (hairpinMode of the CNI plug-in bridge, \"userland-proxy\": false of Docker, or ip link set PORT type bridge_slave hairpin on)";
}
