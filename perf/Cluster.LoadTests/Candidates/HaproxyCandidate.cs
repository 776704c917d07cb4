using Cluster.LoadTests.Loads;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Candidates;

/// <summary>HAProxy in TCP mode with one thread.</summary>
internal sealed class HaproxyCandidate() : Candidate("haproxy", "HAProxy, TCP mode")
{
    public override string Version(Stage stage)
    {
        string[] command = [.. DebianTools.Command(stage.Tools, "usr/sbin/haproxy"), "-v"];
        return Shell.Run(command[0], command[1..]).Split('\n')[0].Split(' ')[2];
    }

    public override bool Supports(Transport transport) => transport == Transport.Tcp;

    public override RunningCandidate Start(Stage stage, Transport transport)
    {
        var target = new LoadTarget(stage.NextEntry(), stage.Backend);
        string file = stage.Write($"haproxy-{target.Entry.Port}.cfg", Configuration(target));
        string[] command = [.. DebianTools.Command(stage.Tools, "usr/sbin/haproxy"), "-db", "-f", file];
        return new RunningCandidate(Name, target, stage.Plain, new ChildProcess(stage.Plain, stage.ProxyCore, new Dictionary<string, string>(), command));
    }

    private static string Configuration(LoadTarget target) => $"""
        global
            nbthread 1
            maxconn 7000
            maxpipes 500
        defaults
            mode tcp
            maxconn 7000
            timeout connect 5s
            timeout client 10m
            timeout server 10m
            option splice-auto
        listen bench
            bind {target.Entry} backlog 4096
            server backend {target.Backend}

        """;
}
