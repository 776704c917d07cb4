using System.Globalization;
using System.Net;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Two containers of a real engine, one on a bridge of its own and one in the host's network, each a server of TCP and UDP and a place for clients.</summary>
/// <remarks>Their image is busybox alone; clients and servers are Perl, which every Debian has, by the host's own /usr.</remarks>
public sealed class Containers : IDisposable
{
    private const string Busybox = "/bin/busybox";

    /// <summary>The engine turns it on for the network, and leaves it so.</summary>
    private const string Forwarding = "/proc/sys/net/ipv6/conf/all/forwarding";

    // ROLE PROTOCOL ADDRESS PORT COUNT-OR-NAME. Clients keep their sockets, so that no port is given twice, and print an answer a line.
    private const string Script = """
        use strict; use Socket qw(:all);
        my ($role, $protocol, $address, $port, $last) = @ARGV;
        my $type = $protocol eq 'tcp' ? SOCK_STREAM : SOCK_DGRAM;
        if ($role eq 'serve') {
          socket(my $s, AF_INET6, $type, 0) or die "socket: $!";
          setsockopt($s, IPPROTO_IPV6, IPV6_V6ONLY, 0); setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
          bind($s, pack_sockaddr_in6($port, IN6ADDR_ANY)) or die "bind: $!";
          if ($protocol eq 'tcp') { listen($s, 128) or die "listen: $!"; while (accept(my $c, $s)) { syswrite($c, $last); close($c) } }
          else { while (defined(my $from = recv($s, my $datagram, 64, 0))) { send($s, $last, 0, $from) } }
          exit 0;
        }
        my $six = $address =~ /:/;
        my $target = $six ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $address)) : pack_sockaddr_in($port, inet_aton($address));
        my @kept; $SIG{ALRM} = sub { die "no answer within 20 s\n" };
        for (1 .. $last) {
          alarm 20;
          socket(my $s, $six ? AF_INET6 : AF_INET, $type, 0) or die "socket: $!";
          connect($s, $target) or die "connect: $!\n";
          if ($protocol eq 'udp') { send($s, 'x', 0) or die "send: $!\n" }
          defined(recv($s, my $answer, 64, 0)) or die "receive: $!\n";
          print "$answer\n"; push @kept, $s;
        }
        """;

    private const string Prefix = "cluster-ways-";
    private readonly string _prefix = $"{Prefix}{Environment.ProcessId}-";
    private readonly string _image = $"cluster-ways-test:{Environment.ProcessId}";
    private readonly TempDirectory _folder = new();
    private readonly Dictionary<bool, int> _ports = [];
    private readonly string _forwards = File.Exists(Forwarding) ? File.ReadAllText(Forwarding) : "";

    public Containers()
    {
        if (!Shell.CanChangeHost || !File.Exists(Busybox) || !File.Exists("/usr/bin/perl") || !Shell.Exists("docker") || Shell.Try("docker", "info").ExitCode != 0) return;
        RemoveStale();
        File.WriteAllText(ScriptPath, Script);
        try
        {
            // Debian's /lib is a link into /usr, which is the host's here.
            Shell.Run("sh", "-c", $"mkdir -p {_folder.Path}/root/bin {_folder.Path}/root/usr && cp {Busybox} {_folder.Path}/root/bin/ && ln -s usr/lib usr/lib64 {_folder.Path}/root/ && tar -C {_folder.Path}/root -c . | docker import - {_image}");
            // Not masqueraded: what a host network server gets from the bridge's own address would come from another one, and a datagram's answer goes astray.
            Shell.Run("docker", "network", "create", "--ipv6", "-o", "com.docker.network.bridge.enable_ip_masquerade=false", "--subnet", Subnet.ToString(), "--subnet", "fd00:199:251::/64", _prefix + "net");
            Start("bridge", _prefix + "net");
            Start("host", "host");
            CanRun = true;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public const string WhyNot = "needs root, nftables, iproute2, Docker, perl and busybox-static";

    public bool CanRun { get; }

    /// <summary>Of the bridge, whose containers stand for pods.</summary>
    public IPNetwork Subnet { get; } = IPNetwork.Parse("10.199.251.0/24");

    /// <summary>The bridge, as the host has it.</summary>
    public string Bridge => "br-" + Shell.Run("docker", "network", "inspect", "-f", "{{.Id}}", _prefix + "net")[..12];

    private string ScriptPath => Path.Combine(_folder.Path, "talk.pl");

    /// <summary>Both servers, the bridge's first: their names are bridge and host. They answer, over both families.</summary>
    public async Task<IPEndPoint[]> ServeAsync(bool udp, bool v6)
    {
        var isNew = !_ports.TryGetValue(udp, out var port);
        if (isNew)
        {
            _ports[udp] = port = udp ? FreePort.Udp() : FreePort.Tcp();
            foreach (var name in new[] { "bridge", "host" })
                Shell.Run("docker", ["exec", "-d", _prefix + name, .. Talk("serve", udp, "-", port, name)]);
        }

        IPEndPoint[] servers = [Place(v6 ? "GlobalIPv6Address" : "IPAddress", port), Place(v6 ? "IPv6Gateway" : "Gateway", port)];
        if (isNew) await Eventually.True(() => Array.TrueForAll(servers, server => Try("host", udp, server, 1).ExitCode == 0), "the servers to answer");
        return servers;
    }

    /// <summary>What so many clients in a container hear, each by a socket of its own.</summary>
    public string[] Ask(string container, bool udp, IPEndPoint target, int count)
    {
        var (exitCode, output) = Try(container, udp, target, count);
        Assert.True(exitCode == 0, output);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public void Dispose()
    {
        foreach (var name in new[] { "bridge", "host" }) Shell.Try("docker", "rm", "-f", _prefix + name);
        Shell.Try("docker", "network", "rm", _prefix + "net");
        if (CanRun) File.WriteAllText(Forwarding, _forwards);
        Shell.Try("docker", "rmi", _image);
        _folder.Dispose();
    }

    // Of a run that was killed: its network has the addresses that this one needs.
    private static void RemoveStale()
    {
        foreach (var (list, remove) in new[] { ("ps -a --format {{.Names}}", "rm -f"), ("network ls --format {{.Name}}", "network rm") })
        {
            foreach (var name in Shell.Run("docker", list.Split(' ')).Split('\n').Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
            {
                if (int.TryParse(name[Prefix.Length..].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var owner) && !Directory.Exists($"/proc/{owner}"))
                    Shell.Try("docker", [.. remove.Split(' '), name]);
            }
        }
    }

    private (int ExitCode, string Output) Try(string container, bool udp, IPEndPoint target, int count) =>
        Shell.Try("docker", ["exec", _prefix + container, .. Talk("ask", udp, target.Address.ToString(), target.Port, count.ToString(CultureInfo.InvariantCulture))]);

    private static string[] Talk(string role, bool udp, string address, int port, string last) =>
        ["/usr/bin/perl", "/talk.pl", role, udp ? "udp" : "tcp", address, port.ToString(CultureInfo.InvariantCulture), last];

    private void Start(string name, string network) => Shell.Run(
        "docker", "run", "-d", "--init", "--network", network, "--name", _prefix + name, "-v", "/usr:/usr:ro", "-v", $"{ScriptPath}:/talk.pl:ro", _image, Busybox, "sleep", "3600");

    private IPEndPoint Place(string field, int port) =>
        new(IPAddress.Parse(Shell.Run("docker", "inspect", "-f", $"{{{{range .NetworkSettings.Networks}}}}{{{{.{field}}}}}{{{{end}}}}", _prefix + "bridge").Trim()), port);
}
