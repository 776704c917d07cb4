using System.CommandLine;
using Cluster.Proxy.CommandLine;
using Cluster.Testing;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Tests.CommandLine;

public sealed class ProxyFlagsTests
{
    [Fact]
    public void Read_NoFlags_LeavesTheDefaults() => Assert.Equal(ProxyProgram.DropIn, Read().Options);

    [Fact]
    public void Read_KubeProxysFlags_AreThoseOptions()
    {
        var settings = Read(
            "--kubeconfig", "/etc/kubeconfig", "--master=https://10.0.0.1:6443", "--hostname-override", " Node-A ", "--cluster-cidr=10.1.0.0/16,fd00:1::/64",
            "--healthz-bind-address=127.0.0.1", "--metrics-bind-address", "[::1]:19", "--bind-address=10.0.0.7", "--nodeport-addresses=10.0.0.0/8,192.168.0.0/16",
            "--proxy-mode=nftables", "--udp-timeout=1m30s500ms", "--masquerade-all", "-v=4");

        var options = settings.Options;
        Assert.Equal(("/etc/kubeconfig", "https://10.0.0.1:6443/"), (settings.Kubeconfig, settings.Master!.ToString()));
        Assert.Equal(("node-a", true, true, 0u), (options.NodeName, options.KernelNat, options.MasqueradeAll, options.ReturnMark));
        Assert.Equal(["10.1.0.0/16", "fd00:1::/64"], options.PodRanges.Select(range => range.ToString()));
        Assert.Equal(["10.0.0.0/8", "192.168.0.0/16"], options.NodePortRanges.Select(range => range.ToString()));
        Assert.Equal(("127.0.0.1:10256", "[::1]:19", "10.0.0.7"), (options.Health!.ToString(), options.Metrics!.ToString(), options.NodeAddresses.Single().ToString()));
        Assert.Equal(TimeSpan.FromMilliseconds(90_500), options.UdpIdleTimeout);
        Assert.Equal(LogLevel.Debug, settings.LogLevel);
    }

    [Fact]
    public void Read_NodePortsAtPrimary_AreAtTheNodesAddressesAlone()
    {
        var options = Read("--nodeport-addresses=primary", "--node-ip=10.0.0.7,fd00::7").Options;
        Assert.Equal(["10.0.0.7/32", "fd00::7/128"], NodePlane.NodePortRanges(options).Select(range => range.ToString()));
        Assert.Empty(NodePlane.NodePortRanges(Read("--node-ip=10.0.0.7").Options));
        // A node without an address serves them to itself and not to everyone.
        Assert.Equal(["127.0.0.1/32"], NodePlane.PrimaryRanges([null, null]).Select(range => range.ToString()));
    }

    [Fact]
    public void Read_NowhereAndAnywhere_AreKubeProxysWords()
    {
        var options = Read("--healthz-bind-address=", "--metrics-port=0", "--bind-address=0.0.0.0").Options;
        Assert.Equal((null, null), (options.Health, options.Metrics));
        Assert.Empty(options.NodeAddresses);
    }

    [Fact]
    public void Read_FlagsThatMeanNothingHere_AreTakenAndNamed() =>
        Assert.Equal(["--conntrack-max-per-core", "--ipvs-scheduler", "--profiling"], Read("--profiling", "--conntrack-max-per-core=0", "--ipvs-scheduler", "rr").WithoutEffect.Order());

    [Fact]
    public void Read_FlagsWithUnderscores_AreTheSame() => Assert.Equal(["--log-dir", "--log-file-max-size"], Read("--log_dir=/tmp", "--log_file_max_size", "1").WithoutEffect.Order());

    [Theory]
    [InlineData("--proxy-mode=ipvs", "writes no such rules")]
    [InlineData("--proxy-mode=fast", "relay or nftables is meant")]
    [InlineData("--cluster-cidr=10.1.0.0", "a range like")]
    [InlineData("--cluster-cidr=10.1.0.0/16,10.2.0.0/16", "at most one range of each family")]
    [InlineData("--healthz-bind-address=here", "IP or IP:PORT")]
    [InlineData("--healthz-port=70000", "a port is meant")]
    [InlineData("--udp-timeout=5", "a time like")]
    [InlineData("--udp-timeout=0s", "longer than nothing")]
    [InlineData("--master=10.0.0.1:6443", "a URL like")]
    [InlineData("--v=much", "a number is meant")]
    public void Read_Mistake_IsRefusedByNameAndValue(string flag, string meant)
    {
        var refused = Assert.Throws<UsageException>(() => Read(flag));
        Assert.StartsWith(flag.Split('=')[0] + " " + flag.Split('=')[1].Split(',')[^1][..1], refused.Message, StringComparison.Ordinal);
        Assert.Contains(meant, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_KubeProxysFile_CountsAsFlagsAndFlagsGoBefore()
    {
        using var folder = new TempDirectory();
        // As kubeadm writes it: much of it says nothing.
        var settings = ReadFile(folder, """
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            bindAddress: 0.0.0.0
            bindAddressHardFail: false
            clientConnection:
              acceptContentTypes: ""
              burst: 0
              contentType: ""
              kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
              qps: 0
            clusterCIDR: 10.244.0.0/16
            configSyncPeriod: 0s
            conntrack: {maxPerCore: null, min: 131072}
            healthzBindAddress: ""
            hostnameOverride: ""
            iptables: {masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s}
            kind: KubeProxyConfiguration
            metricsBindAddress: 0.0.0.0:10249
            mode: ""
            nodePortAddresses: null
            udpIdleTimeout: 0s
            winkernel: {enableDSR: false}
            """, "--hostname-override=me", "--metrics-port=11");

        Assert.Null(settings.LoadBalancerFile);
        Assert.Equal("/var/lib/kube-proxy/kubeconfig.conf", settings.Kubeconfig);
        Assert.Equal(("me", "0.0.0.0:10256", "0.0.0.0:11", false), (settings.Options.NodeName, settings.Options.Health!.ToString(), settings.Options.Metrics!.ToString(), settings.Options.KernelNat));
        Assert.Equal("10.244.0.0/16", settings.Options.PodRanges.Single().ToString());
        Assert.Equal(["conntrack"], settings.WithoutEffect);
    }

    [Theory]
    [InlineData("mode: ipvs", "line 3: mode ipvs: this proxy writes no such rules")]
    [InlineData("clusterCidr: 10.0.0.0/8", "line 3: clusterCidr is not a field of KubeProxyConfiguration")]
    public void Read_MistakeInKubeProxysFile_IsToldByLineAndField(string line, string reason)
    {
        using var folder = new TempDirectory();
        Assert.Contains(reason, Assert.Throws<UsageException>(() => ReadFile(folder, Header + line)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OtherKind_IsRefused()
    {
        using var folder = new TempDirectory();
        Assert.Contains("KubeletConfiguration is not known", Assert.Throws<UsageException>(() => ReadFile(folder, "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("services: []")]
    [InlineData("threads: 2\nservices: []")]
    [InlineData("[")]
    public void Read_LoadBalancerFile_IsLeftToItsReader(string text)
    {
        using var folder = new TempDirectory();
        Assert.Equal(Path.Combine(folder.Path, "config"), ReadFile(folder, text).LoadBalancerFile);
    }

    [Theory]
    [InlineData("--metrics-bind-address=127.0.0.1:9090", "write metrics: IP:PORT in the file")]
    [InlineData("--cleanup", "--cleanup is for services of an API server")]
    [InlineData("--kubeconfig=/etc/kubeconfig", "--kubeconfig is for services of an API server")]
    [InlineData("--udp-timeout=1s", "--udp-timeout is for services of an API server")]
    public void Read_FlagThatMeansNothingBesideALoadBalancerFile_IsRefused(string flag, string reason)
    {
        using var folder = new TempDirectory();
        Assert.Contains(reason, Assert.Throws<UsageException>(() => ReadFile(folder, "services: []", flag)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FlagsOfALoadBalancerFile_AreTaken()
    {
        using var folder = new TempDirectory();
        var settings = ReadFile(folder, "services: []", "--take-over=false", "--drain-timeout=3s", "-v=4", "--logtostderr");
        Assert.Equal((false, TimeSpan.FromSeconds(3), LogLevel.Debug), (settings.TakesOver, settings.Options.DrainTimeout, settings.LogLevel));
        Assert.Equal(["--logtostderr"], settings.WithoutEffect);
    }

    private const string Header = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

    private static ProxySettings ReadFile(TempDirectory folder, string text, params string[] flags)
    {
        var path = Path.Combine(folder.Path, "config");
        File.WriteAllText(path, text);
        return Read(["--config", path, .. flags]);
    }

    private static ProxySettings Read(params string[] arguments)
    {
        var flags = new ProxyFlags();
        var command = new Command("proxy");
        foreach (var flag in flags.All) command.Add(flag);
        var parsed = command.Parse(arguments);
        Assert.Empty(parsed.Errors);
        return flags.Read(parsed, ProxyProgram.DropIn);
    }
}
