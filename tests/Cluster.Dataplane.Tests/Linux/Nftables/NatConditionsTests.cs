using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Nftables.Nat;

namespace Cluster.Dataplane.Tests.Linux.Nftables;

public sealed class NatConditionsTests : IDisposable
{
    private static readonly NatOptions V4 = new() { Ranges = [IPNetwork.Parse("10.96.0.0/16")], PodRanges = [IPNetwork.Parse("10.244.0.0/16")] };
    private static readonly NatOptions Both = V4 with { Ranges = [.. V4.Ranges, IPNetwork.Parse("fd00:10:96::/112")] };
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cluster-settings-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Missing_WhereAllIsSet_IsNothing()
    {
        Set("ipv4/ip_forward", 1);
        Set("ipv6/conf/all/forwarding", 1);
        Set("bridge/bridge-nf-call-iptables", 1);
        Set("bridge/bridge-nf-call-ip6tables", 1);
        Assert.Empty(NatConditions.Missing(Both, _folder.FullName));
    }

    [Fact]
    public void Missing_WithoutForwardingOrBridges_NamesEachSetting()
    {
        Set("ipv4/ip_forward", 0);
        Assert.Equal(["net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables"], Names(V4));
        Assert.Equal(["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"], Names(Both));
        // Then all that is answered comes by the node.
        Assert.Equal(["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"], Names(Both with { MasqueradeAll = true }));
        Set("ipv4/ip_forward", 1);
        Set("bridge/bridge-nf-call-iptables", 0);
        Assert.Equal(["net.bridge.bridge-nf-call-iptables"], Names(V4));
    }

    [Fact]
    public void MissingAtBridges_NoPortOfAPodsBridgeHasTheHairpinMode_NamesIt()
    {
        Set("bridge/bridge-nf-call-iptables", 1);
        InterfaceAddress[] addresses = [new(IPAddress.Parse("10.244.0.1"), 24, 7), new(IPAddress.Parse("192.0.2.1"), 24, 8)];
        Set("class/br-pods/ifindex", 7);
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "class/br-pods/brif"));
        Set("class/br-others/ifindex", 8);
        Set("class/br-others/brif/veth9/hairpin_mode", 0);
        Set("class/eth0/ifindex", 9);
        Assert.Empty(Bridges());
        Set("class/br-pods/brif/veth0/hairpin_mode", 0);
        Set("class/br-pods/brif/veth1/hairpin_mode", 0);
        Assert.Equal(["br-pods"], Bridges());
        // What bridges pass on is not translated: nothing comes back to where it came from.
        Set("bridge/bridge-nf-call-iptables", 0);
        Assert.Empty(Bridges());
        Set("bridge/bridge-nf-call-iptables", 1);
        // The other may be the bridge's way to the network.
        Set("class/br-pods/brif/veth1/hairpin_mode", 1);
        Assert.Empty(Bridges());

        string[] Bridges() => [.. NatConditions.MissingAtBridges(V4, addresses, _folder.FullName, Path.Combine(_folder.FullName, "class")).Select(missing => missing.Bridge)];
    }

    private string[] Names(NatOptions options) => [.. NatConditions.Missing(options, _folder.FullName).Select(sentence => sentence.Split(' ')[0])];

    private void Set(string name, int value)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"{value}\n");
    }
}
