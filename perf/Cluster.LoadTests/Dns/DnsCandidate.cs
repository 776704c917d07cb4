using System.Globalization;
using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Dns;

/// <summary>A DNS server with one thread that serves the benchmark's names.</summary>
/// <param name="Name">As in the data.</param>
/// <param name="Title">As in the table.</param>
/// <param name="Version">As it says itself; null for ours.</param>
/// <param name="Command">What starts it at a port.</param>
internal sealed record DnsCandidate(string Name, string Title, Func<Stage, string?> Version, Func<Stage, int, string[]> Command)
{
    public const int Names = 10_000;

    public static IReadOnlyList<DnsCandidate> All { get; } =
    [
        new("cluster", "cluster", _ => null, (_, port) => [Environment.ProcessPath!, "dns-server", "--port", Text(port), "--names", Text(Names)]),
        new("unbound", "unbound", stage => Unbound(stage, "-V").Split('\n')[0].Replace("Version ", "", StringComparison.Ordinal), UnboundCommand),
        Floor("floor", 40),
        Floor("floor-0", 0),
        Floor("floor-100", 100),
        Floor("floor-200", 200),
        new("dnsmasq", "dnsmasq", stage => Said(DnsmasqPath(stage), "--version").Split(' ')[2], DnsmasqCommand),
    ];

    public RunningCandidate Start(Stage stage)
    {
        var entry = stage.NextEntry();
        string[] command = Command(stage, entry.Port);
        return new RunningCandidate(Name, new Loads.LoadTarget(entry, entry), stage.Plain, new ChildProcess(stage.Plain, stage.ProxyCore, new Dictionary<string, string>(), command));
    }

    private static DnsCandidate Floor(string name, int pause) =>
        new(name, $"floor (looks nothing up), pauses of {pause} us", _ => null, (_, port) => [Environment.ProcessPath!, "dns-floor", "--port", Text(port), "--pause", Text(pause)]);

    private static string[] UnboundCommand(Stage stage, int port)
    {
        string records = string.Concat(Enumerable.Range(0, Names).Select(i =>
            $"local-data: \"{DnsNames.Name(i)}. 5 IN A {DnsNames.Address(i)}\"\nlocal-data-ptr: \"{DnsNames.Address(i)} 5 {DnsNames.Name(i)}\"\n"));
        string file = stage.Write("unbound.conf", $"""
            server:
            num-threads: 1
            interface: 127.0.0.1
            port: {port}
            do-ip6: no
            do-daemonize: no
            chroot: ""
            username: ""
            directory: "{stage.Scratch}"
            pidfile: ""
            use-syslog: no
            verbosity: 0
            module-config: "iterator"
            so-rcvbuf: 4m
            so-sndbuf: 4m
            so-reuseport: yes
            access-control: 127.0.0.0/8 allow
            local-zone: "{DnsNames.Domain}." static
            local-zone: "10.in-addr.arpa." static
            {records}
            remote-control:
            control-enable: no

            """);
        return [.. DebianTools.Command(stage.Tools, "usr/sbin/unbound"), "-d", "-c", file];
    }

    private static string[] DnsmasqCommand(Stage stage, int port)
    {
        string hosts = stage.Write("hosts", string.Concat(Enumerable.Range(0, Names).Select(i => $"{DnsNames.Address(i)} {DnsNames.Name(i)}\n")));
        return
        [
            .. DnsmasqPath(stage), "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--no-resolv", "--no-hosts", $"--addn-hosts={hosts}",
            $"--local=/{DnsNames.Domain}/", "--local=/in-addr.arpa/", "--listen-address=127.0.0.1", "--bind-interfaces", $"--port={port}", "--local-ttl=5", "--cache-size=10000",
        ];
    }

    private static string[] DnsmasqPath(Stage stage) => DebianTools.Command(stage.Tools, "usr/sbin/dnsmasq");

    private static string Unbound(Stage stage, string argument) => Said(DebianTools.Command(stage.Tools, "usr/sbin/unbound"), argument);

    private static string Said(string[] command, string argument) => Shell.Run(command[0], [.. command[1..], argument]).Trim();

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
