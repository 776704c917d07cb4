using System.Net;
using Cluster.LoadTests.Candidates;

namespace Cluster.LoadTests.Failover;

/// <summary>A proxy over three backends, one of which is killed.</summary>
/// <param name="Name">As in the data.</param>
/// <param name="Title">As in the table.</param>
/// <param name="Environment">Of its process.</param>
/// <param name="File">The ending of its file's name.</param>
/// <param name="Configure">Its configuration: where it listens, and the backends.</param>
/// <param name="Command">How it is started with that file.</param>
internal sealed record FailoverCandidate(
    string Name,
    string Title,
    IReadOnlyDictionary<string, string> Environment,
    string File,
    Func<IPEndPoint, IReadOnlyList<IPEndPoint>, string> Configure,
    Func<Stage, string, string[]> Command)
{
    private static readonly Dictionary<string, string> Inline = new() { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1" };

    /// <summary>In the order of the report.</summary>
    public static IReadOnlyList<FailoverCandidate> All { get; } =
    [
        Ours("loop", "cluster, loop path", "loop", replay: false),
        Ours("loop-replay", "cluster, loop path, replay", "loop", replay: true),
        Ours("managed", "cluster, managed path", "managed", replay: false),
        Ours("managed-replay", "cluster, managed path, replay", "managed", replay: true),
        // A check a second and a connection refused by clients' own traffic take a server out; another one is tried at once.
        Haproxy("haproxy", "HAProxy, checks and redispatch", "option redispatch 1\n    retries 3", "check inter 1s fastinter 200ms fall 3 rise 2 observe layer4 error-limit 10 on-error mark-down"),
        Haproxy("haproxy-plain", "HAProxy, neither", "no option redispatch", ""),
    ];

    public string? Version(Stage stage) =>
        Name.StartsWith("haproxy", StringComparison.Ordinal) ? new HaproxyCandidate().Version(stage) : CandidateList.All.Single(candidate => candidate.Name == "loop").Version(stage);

    private static FailoverCandidate Ours(string name, string title, string path, bool replay) => new(
        name,
        title,
        Inline,
        "yaml",
        (entry, backends) => $"""
            threads: 1
            services:
              - name: bench
                listen: {entry}
                path: {path}
                replay: {(replay ? "true" : "false")}
                backends: [{string.Join(", ", backends)}]

            """,
        (stage, file) => [stage.ClusterBinary, "proxy", "--config", file]);

    private static FailoverCandidate Haproxy(string name, string title, string options, string check) => new(
        name,
        title,
        new Dictionary<string, string>(),
        "cfg",
        (entry, backends) => $"""
            global
                nbthread 1
                maxconn 9000
            defaults
                mode tcp
                maxconn 9000
                timeout connect 5s
                timeout client 1m
                timeout server 1m
                {options}
            listen bench
                bind {entry} backlog 4096
                balance roundrobin
            {string.Join('\n', backends.Select((backend, i) => $"    server backend-{i} {backend} {check}"))}

            """,
        (stage, file) => [.. DebianTools.Command(stage.Tools, "usr/sbin/haproxy"), "-db", "-f", file]);
}
