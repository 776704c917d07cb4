using Cluster.Api.CoreV1;
using Cluster.Kubelet.Dns;
using Cluster.Kubelet.Tests.Rigs;

namespace Cluster.Kubelet.Tests.Dns;

public sealed class ResolverSettingsTests
{
    private static readonly KubeletOptions Options = new() { NodeName = "n", NodeAddress = "192.0.2.1" };

    [Fact]
    public void For_ClusterFirst_NamesTheClustersDnsAndDomains()
    {
        var text = ResolverSettings.For(PodsOf.Pod("p"), Options);

        Assert.StartsWith("nameserver 10.96.0.10\nsearch default.svc.cluster.local svc.cluster.local cluster.local", text, StringComparison.Ordinal);
        Assert.EndsWith("options ndots:5\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void For_None_HoldsThePodsOwnSettingsAlone()
    {
        var pod = PodsOf.Pod("p").With(pod =>
        {
            pod.Spec.DnsPolicy = "None";
            pod.Spec.DnsConfig = new PodDNSConfig { Nameservers = { "192.0.2.53" }, Searches = { "example.org" }, Options = { new PodDNSConfigOption { Name = "ndots", Value = "2" } } };
        });

        Assert.Equal("nameserver 192.0.2.53\nsearch example.org\noptions ndots:2\n", ResolverSettings.For(pod, Options));
    }

    [Fact]
    public void For_AnOptionGivenTwice_ThePodsWins()
    {
        var pod = PodsOf.Pod("p").With(pod => pod.Spec.DnsConfig = new PodDNSConfig { Options = { new PodDNSConfigOption { Name = "ndots", Value = "1" } } });

        Assert.EndsWith("options ndots:1\n", ResolverSettings.For(pod, Options), StringComparison.Ordinal);
    }

    [Fact]
    public void For_HostNetworkAndClusterFirst_IsTheHosts() =>
        Assert.DoesNotContain("10.96.0.10", ResolverSettings.For(PodsOf.Pod("p").With(pod => pod.Spec.HostNetwork = true), Options), StringComparison.Ordinal);

    [Fact]
    public void HostsFile_WithAliasesAndSubdomain_NamesThemAll()
    {
        var pod = PodsOf.Pod("p").With(pod =>
        {
            pod.Spec.Subdomain = "sub";
            pod.Spec.HostAliases.Add(new HostAlias { Ip = "192.0.2.7", Hostnames = { "a.example", "b.example" } });
        });

        var file = PodHostNames.HostsFile(pod, "10.244.0.5", "cluster.local");

        Assert.StartsWith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n", file, StringComparison.Ordinal);
        Assert.Contains("10.244.0.5\tp.sub.default.svc.cluster.local\tp\n", file, StringComparison.Ordinal);
        Assert.EndsWith("192.0.2.7\ta.example\tb.example\n", file, StringComparison.Ordinal);
    }
}
