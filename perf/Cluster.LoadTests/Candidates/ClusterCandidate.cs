using System.Diagnostics;
using Cluster.LoadTests.Loads;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Candidates;

/// <summary>A path of our own proxy: the real binary with a load balancer file.</summary>
internal sealed class ClusterCandidate(string name, string title, string path, bool inlineCompletions, bool ownNamespace = false) : Candidate(name, title)
{
    private readonly Dictionary<string, string> _environment = new()
    {
        ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = inlineCompletions ? "1" : "0",
    };

    public override string? Version(Stage stage) => FileVersionInfo.GetVersionInfo(stage.ClusterBinary + ".dll").ProductVersion;

    public override RunningCandidate Start(Stage stage, Transport transport)
    {
        if (!File.Exists(stage.ClusterBinary)) throw new NotAvailableException("the cluster binary is not built");
        var target = new LoadTarget(stage.NextEntry(), stage.Backend);
        TestNamespace? own = ownNamespace ? new TestNamespace($"{Name}-{transport}", stage.CongestionControl) : null;
        TestNamespace place = own ?? stage.Plain;
        string file = stage.Write($"{Name}-{target.Entry.Port}.yaml", Configuration(target, transport));
        var process = new ChildProcess(place, stage.ProxyCore, _environment, stage.ClusterBinary, "proxy", "--config", file);
        return new RunningCandidate(Name, target, place, process, own);
    }

    private string Configuration(LoadTarget target, Transport transport) => $"""
        threads: 1
        services:
          - name: bench
            listen: {target.Entry}
            protocol: {(transport == Transport.Udp ? "UDP" : "TCP")}
            path: {path}
            backends: [{target.Backend}]

        """;
}
