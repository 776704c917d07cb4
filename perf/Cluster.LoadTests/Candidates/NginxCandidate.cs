using Cluster.LoadTests.Loads;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Candidates;

/// <summary>nginx's stream module with one worker.</summary>
internal sealed class NginxCandidate() : Candidate("nginx", "nginx stream")
{
    public override string Version(Stage stage)
    {
        string[] command = [.. DebianTools.Command(stage.Tools, "usr/sbin/nginx"), "-v"];
        return Shell.Run(command[0], command[1..]).Trim().Split('/')[^1];
    }

    public override RunningCandidate Start(Stage stage, Transport transport)
    {
        var target = new LoadTarget(stage.NextEntry(), stage.Backend);
        string file = stage.Write($"nginx-{target.Entry.Port}.conf", Configuration(stage, target, transport));
        string[] command = [.. DebianTools.Command(stage.Tools, "usr/sbin/nginx"), "-p", stage.Scratch, "-e", "stderr", "-c", file];
        return new RunningCandidate(Name, target, stage.Plain, new ChildProcess(stage.Plain, stage.ProxyCore, new Dictionary<string, string>(), command));
    }

    private static string Configuration(Stage stage, LoadTarget target, Transport transport) => $$"""
        load_module {{stage.Tools}}/usr/lib/nginx/modules/ngx_stream_module.so;
        daemon off;
        user root;
        worker_processes 1;
        worker_rlimit_nofile 20000;
        pid {{stage.Scratch}}/nginx-{{target.Entry.Port}}.pid;
        error_log stderr error;
        events { worker_connections 19500; use epoll; multi_accept on; accept_mutex off; }
        stream {
            access_log off;
            proxy_timeout 10m;
            server {
                listen {{target.Entry}} {{(transport == Transport.Udp ? "udp rcvbuf=4m reuseport" : "reuseport backlog=4096")}};
                proxy_pass {{target.Backend}};
            }
        }

        """;
}
