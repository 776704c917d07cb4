using System.CommandLine;
using System.Text.RegularExpressions;
using Cluster.Proxy.CommandLine;
using Cluster.Testing;
using YamlDotNet.RepresentationModel;

namespace Cluster.Proxy.Tests.CommandLine;

/// <summary>What examples/cluster-proxy starts the program with is what the program takes.</summary>
public sealed partial class ManifestTests
{
    [Fact]
    public void DaemonSet_ItsArgumentsAndProbes_FitTheProgram()
    {
        var container = Container();
        var mount = Items(container, "volumeMounts").Single(mounted => Text(mounted, "name") == "kube-proxy");
        using var folder = new TempDirectory();
        // What kubeadm's ConfigMap has in this place.
        File.WriteAllText(
            Path.Combine(folder.Path, "config.conf"),
            "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclientConnection: {kubeconfig: /var/lib/kube-proxy/kubeconfig.conf}\n");
        Assert.Equal("NODE_NAME", Text(Items(container, "env").Single(), "name"));
        var settings = Read(Items(container, "args").Select(argument => argument.ToString()
            .Replace(Text(mount, "mountPath"), folder.Path, StringComparison.Ordinal).Replace("$(NODE_NAME)", "node-a", StringComparison.Ordinal)));

        Assert.Equal("/var/lib/kube-proxy/kubeconfig.conf", settings.Kubeconfig);
        Assert.Equal("node-a", settings.Options.NodeName);
        foreach (var (probe, path) in (((string, string)[])[("readinessProbe", "/readyz"), ("livenessProbe", "/livez")]))
        {
            Assert.Equal(path, Text(container[probe]["httpGet"], "path"));
            Assert.Equal(settings.Options.Health!.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), Text(container[probe]["httpGet"], "port"));
        }
    }

    [Fact]
    public void DaemonSet_TheArgumentsItNamesForOtherClusters_FitTheProgram()
    {
        var named = ArgumentsInAComment().Match(File.ReadAllText(Example("daemonset.yaml"))).Groups[1].Value;
        var settings = Read(named.Replace("$(NODE_NAME)", "node-a", StringComparison.Ordinal).Split(", ").Select(argument => argument.Trim('"')));

        Assert.Equal("https://10.0.0.1:6443/", settings.Master!.ToString());
        Assert.Equal("10.244.0.0/16", settings.Options.PodRanges.Single().ToString());
    }

    [Fact]
    public void Unit_ItsCommand_FitsTheProgram()
    {
        using var folder = new TempDirectory();
        var file = Path.Combine(folder.Path, "lb.yaml");
        File.WriteAllText(file, "services: []\n");
        var command = File.ReadLines(Example("cluster-proxy.service")).Single(line => line.StartsWith("ExecStart=", StringComparison.Ordinal));

        Assert.Equal(file, Read(command.Split(' ')[1..].Select(argument => argument.Replace("/etc/cluster-proxy/lb.yaml", file, StringComparison.Ordinal))).LoadBalancerFile);
    }

    [GeneratedRegex(@"args: \[(--master.*)\]\.")]
    private static partial Regex ArgumentsInAComment();

    private static string Example(string name) => Path.Combine(AppContext.BaseDirectory, "Examples", name);

    private static YamlMappingNode Container()
    {
        var stream = new YamlStream();
        using var text = File.OpenText(Example("daemonset.yaml"));
        stream.Load(text);
        var set = stream.Documents.Select(document => document.RootNode).Single(root => Text(root, "kind") == "DaemonSet");
        return (YamlMappingNode)Items(set["spec"]["template"]["spec"], "containers").Single();
    }

    private static YamlSequenceNode Items(YamlNode node, string name) => (YamlSequenceNode)node[name];

    private static string Text(YamlNode node, string name) => node[name].ToString();

    private static ProxySettings Read(IEnumerable<string> arguments)
    {
        var flags = new ProxyFlags();
        var command = new Command("proxy");
        foreach (var flag in flags.All)
            command.Add(flag);
        var parsed = command.Parse([.. arguments]);
        Assert.Empty(parsed.Errors);
        return flags.Read(parsed, ProxyProgram.DropIn);
    }
}
