using System.Net;
using Cluster.LoadTests.Candidates;

namespace Cluster.LoadTests.Failover;

/// <summary>A proxy of one-way datagrams over three backends, one of which dies.</summary>
/// <param name="Name">As in the data.</param>
/// <param name="Title">As in the table.</param>
/// <param name="Configure">Its configuration: where it listens, and the backends.</param>
/// <param name="Command">How it is started with a file of that.</param>
internal sealed record DatagramCandidate(
    string Name, string Title, Func<Stage, IPEndPoint, IReadOnlyList<IPEndPoint>, string> Configure, Func<Stage, string, string[]> Command)
{
    /// <summary>In the order of the report.</summary>
    public static IReadOnlyList<DatagramCandidate> All { get; } =
    [
        Ours("loop", "cluster, loop path"),
        Ours("managed", "cluster, managed path"),
        new DatagramCandidate("nginx", "nginx stream", Nginx, (stage, file) => [.. DebianTools.Command(stage.Tools, "usr/sbin/nginx"), "-p", stage.Scratch, "-e", "stderr", "-c", file]),
    ];

    public string? Version(Stage stage) =>
        Name == "nginx" ? new NginxCandidate().Version(stage) : CandidateList.All.Single(candidate => candidate.Name == "loop").Version(stage);

    private static DatagramCandidate Ours(string name, string title) => new(
        name,
        title,
        (_, entry, backends) => $"""
            threads: 1
            services:
              - name: bench
                listen: {entry}
                protocol: UDP
                udpMode: one-way
                path: {name}
                backends: [{string.Join(", ", backends)}]

            """,
        (stage, file) => [stage.ClusterBinary, "proxy", "--config", file]);

    private static string Nginx(Stage stage, IPEndPoint entry, IReadOnlyList<IPEndPoint> backends) => $$"""
        load_module {{stage.Tools}}/usr/lib/nginx/modules/ngx_stream_module.so;
        daemon off;
        user root;
        worker_processes 1;
        pid {{stage.Scratch}}/nginx-{{entry.Port}}.pid;
        error_log stderr crit;
        events { worker_connections 19500; use epoll; }
        stream {
            access_log off;
            upstream bench { {{string.Concat(backends.Select(backend => $"server {backend}; "))}} }
            server {
                listen {{entry}} udp rcvbuf=4m reuseport;
                proxy_pass bench;
            }
        }

        """;
}
