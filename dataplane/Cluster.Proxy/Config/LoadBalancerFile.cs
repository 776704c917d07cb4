using System.Globalization;
using System.Net;
using System.Text;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Health;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Config;

/// <summary>Reads the load balancer file. Everything it does not know is refused by name and line, so that a typing error is never a default.</summary>
/// <example><code>
/// threads: 2
/// metrics: 127.0.0.1:9090      # nowhere by default
/// connectTimeout: 0.5          # seconds for each attempt to reach a backend; 0.25, 0.5, 1 and 2 for the four by default
/// services:
///   - name: web
///     listen: 127.0.0.1:8080
///     protocol: TCP            # or UDP; TCP by default
///     policy: round-robin      # or weighted, p2c, maglev, client-ip
///     path: auto               # or loop, managed, connect
///     proxyProtocol: false     # true: tells TCP backends the client's address, version 2
///     replay: false            # true: a TCP client's unanswered first bytes go to another backend when the first one fails
///     rebalance: false         # true: long connections spread again when there are more backends
///     maxConnectionAge: 0      # seconds after which a TCP connection is ended when nothing is under way; 0: never
///     health: {type: http, path: /healthz, interval: 2, timeout: 1, rise: 2, fall: 3}  # or type tcp, without path; not checked by default
///     idleTimeout: 0           # seconds of silence that end a TCP connection or UDP flow; 0: never, UDP after 250
///     maxConnections: 0        # that its backends hold together; more are refused. 0: any number
///     backends: [10.0.0.1:80, {address: 10.0.0.2:80, weight: 3}]
///   - name: logs
///     listen: 0.0.0.0:514
///     protocol: UDP
///     udpMode: session         # or one-way, per-datagram
///     backends: [10.0.0.3:514]
/// </code></example>
public static class LoadBalancerFile
{
    internal const string ClientIp = "client-ip";
    private const int MaxThreads = 1024;

    /// <summary>As long as Kubernetes' names may be.</summary>
    private const int MaxNameLength = 253;

    private static readonly string[] Policies = [.. BalancingPolicies.BuiltIn(TimeProvider.System).Names, ClientIp];
    private const int MaxConnections = 10_000_000;
    private const double MaxConnectSeconds = 60;
    private const int MaxWeight = 65_535;
    private const int MaxCheckSeconds = 3600;
    private const int MaxChecks = 100;
    private const int MaxIdleSeconds = 1_000_000;
    private static readonly Dictionary<string, ServicePath> Paths = new() { ["auto"] = ServicePath.Auto, ["loop"] = ServicePath.Loop, ["managed"] = ServicePath.Managed, ["connect"] = ServicePath.Connect };
    private static readonly Dictionary<string, UdpMode> UdpModes = new() { ["session"] = UdpMode.Session, ["one-way"] = UdpMode.OneWay, ["per-datagram"] = UdpMode.PerDatagram };

    /// <exception cref="ConfigException">Something in it can't be used.</exception>
    public static LoadBalancerConfig Parse(string text) => Parse(new StringReader(text));

    /// <exception cref="ConfigException">Something in it can't be used.</exception>
    public static LoadBalancerConfig Parse(TextReader text) => Parse(text, new ServiceList());

    /// <param name="text">The file.</param>
    /// <param name="services">Gets its services; empty before.</param>
    /// <exception cref="ConfigException">Something in it can't be used.</exception>
    internal static LoadBalancerConfig Parse(TextReader text, ServiceList services)
    {
        var items = new List<LoadBalancerService>();
        return Parse(text, Take) with { Services = items };

        void Take(ConfigNode node)
        {
            items.Add(Service(node));
            services.Add(items[^1].Place, node.Line);
        }
    }

    /// <summary>Reads all but the services, which are handed over as they come.</summary>
    /// <exception cref="ConfigException">Something in it can't be used.</exception>
    internal static LoadBalancerConfig Parse(TextReader text, Action<ConfigNode> take)
    {
        var root = Map(ConfigNode.Read(text, "services", take), ["threads", "metrics", "connectTimeout", "services"]);
        var threads = root.TryGetValue("threads", out var count) ? (int?)Number(count, 1, MaxThreads) : null;
        if (!root.TryGetValue("services", out var list)) throw new ConfigException(1, "services is missing");
        if (list.Items is null) throw Bad(list, "services must be a list");
        return new LoadBalancerConfig(threads, []) { Metrics = root.TryGetValue("metrics", out var metrics) ? EndPoint(metrics) : null, ConnectTimeout = root.TryGetValue("connectTimeout", out var connect) ? Seconds(connect) : null };
    }

    /// <summary>Reads a list of one service.</summary>
    /// <param name="text">Whole lines of UTF-8, from the one with the dash.</param>
    /// <exception cref="ConfigException">It is something else, or something in it can't be used.</exception>
    internal static LoadBalancerService ParseItem(ReadOnlySpan<byte> text)
    {
        if (PlainEntry.TryRead(text) is { } plain) return Service(plain);
        return ConfigNode.Read(new StringReader(Encoding.UTF8.GetString(text))) is { Items: [var node] } ? Service(node) : throw new ConfigException(1, "one service is expected");
    }

    private static LoadBalancerService Service(ConfigNode node)
    {
        var fields = Map(node, ["name", "listen", "protocol", "policy", "path", "udpMode", "proxyProtocol", "replay", "rebalance", "maxConnectionAge", "health", "idleTimeout", "maxConnections", "backends"]);
        var service = new LoadBalancerService(
            Name(Required(node, fields, "name")),
            EndPoint(Required(node, fields, "listen")),
            Choice(fields, "protocol", ["TCP", "UDP"], "TCP") == "UDP" ? ServiceProtocol.Udp : ServiceProtocol.Tcp,
            Choice(fields, "policy", Policies, Policies[0]),
            Backends(Required(node, fields, "backends")))
        {
            Path = Path(fields),
            UdpMode = UdpModes[Choice(fields, "udpMode", UdpModes.Keys, "session")],
            ProxyProtocol = Choice(fields, "proxyProtocol", ["true", "false"], "false") == "true",
            Replay = Choice(fields, "replay", ["true", "false"], "false") == "true",
            Rebalance = Choice(fields, "rebalance", ["true", "false"], "false") == "true",
            MaxConnectionAge = TimeSpan.FromSeconds(Number(fields, "maxConnectionAge", 0, MaxIdleSeconds, 0)),
            HealthCheck = fields.TryGetValue("health", out var health) ? Health(health) : null,
            MaxConnections = fields.TryGetValue("maxConnections", out var most) ? Number(most, 0, MaxConnections) : 0,
            IdleTimeout = fields.TryGetValue("idleTimeout", out var idle) ? TimeSpan.FromSeconds(Number(idle, 0, MaxIdleSeconds)) : TimeSpan.Zero,
        };
        CheckProtocol(service, fields);
        return service;
    }

    private static void CheckProtocol(LoadBalancerService service, Dictionary<string, ConfigNode> fields)
    {
        if (service.Protocol == ServiceProtocol.Tcp)
        {
            if (fields.TryGetValue("udpMode", out var mode)) throw Bad(mode, "udpMode is for protocol UDP");
            return;
        }

        (string Name, bool IsAsked)[] tcp =
        [
            ("proxyProtocol", service.ProxyProtocol), ("replay", service.Replay), ("rebalance", service.Rebalance),
            ("maxConnectionAge", service.MaxConnectionAge > TimeSpan.Zero), ("health", service.HealthCheck is not null),
        ];
        foreach (var (name, isAsked) in tcp)
            if (isAsked) throw Bad(fields[name], $"{name} is for protocol TCP");
    }

    private static string Name(ConfigNode node)
    {
        var name = Text(node);
        if (name.Length > MaxNameLength) throw Bad(node, $"a name has {MaxNameLength} letters at most, this one {name.Length}");
        return name.Any(char.IsControl) ? throw Bad(node, "a name is of one line, without control characters") : name;
    }

    private static HealthCheck Health(ConfigNode node)
    {
        var fields = Map(node, ["type", "path", "interval", "timeout", "rise", "fall"]);
        Required(node, fields, "type");
        var http = Choice(fields, "type", ["tcp", "http"], "tcp") == "http";
        if (!http && fields.TryGetValue("path", out var stray)) throw Bad(stray, "path is for type http");
        return new HealthCheck
        {
            HttpPath = http ? HttpPath(fields) : null,
            Interval = TimeSpan.FromSeconds(Number(fields, "interval", 1, MaxCheckSeconds, 2)),
            Timeout = TimeSpan.FromSeconds(Number(fields, "timeout", 1, MaxCheckSeconds, 1)),
            Rise = Number(fields, "rise", 1, MaxChecks, 2),
            Fall = Number(fields, "fall", 1, MaxChecks, 3),
        };
    }

    private static string HttpPath(Dictionary<string, ConfigNode> fields)
    {
        if (!fields.TryGetValue("path", out var node)) return "/";
        var path = Text(node);
        return path[0] == '/' && path.All(letter => letter is > ' ' and < (char)0x7f) ? path : throw Bad(node, $"{path} is no path: it begins with / and holds no spaces");
    }

    private static ServicePath Path(Dictionary<string, ConfigNode> fields)
    {
        var path = Paths[Choice(fields, "path", Paths.Keys, "auto")];
        if (path is ServicePath.Loop or ServicePath.Connect && !OperatingSystem.IsLinux()) throw Bad(fields["path"], $"path {Text(fields["path"])} needs Linux; use auto or managed");
        return path;
    }

    private static BackendAddresses Backends(ConfigNode node)
    {
        if (node.Items is not { } sequence) throw Bad(node, "backends must be a list of IP:PORT");
        var backends = new List<LoadBalancerBackend>();
        var addresses = new HashSet<IPEndPoint>();
        foreach (var item in sequence)
        {
            var backend = Backend(item);
            if (!addresses.Add(backend.Address)) throw Bad(item, $"backend {backend.Address} is there twice");
            backends.Add(backend);
        }

        return new BackendAddresses(backends);
    }

    private static LoadBalancerBackend Backend(ConfigNode node)
    {
        if (node.Fields is null) return new LoadBalancerBackend(EndPoint(node));
        var fields = Map(node, ["address", "weight"]);
        return new LoadBalancerBackend(
            EndPoint(Required(node, fields, "address")), fields.TryGetValue("weight", out var weight) ? Number(weight, 0, MaxWeight) : 1);
    }

    private static Dictionary<string, ConfigNode> Map(ConfigNode node, string[] known)
    {
        if (node.Fields is not { } mapping) throw Bad(node, "a mapping is expected");
        var fields = new Dictionary<string, ConfigNode>();
        foreach (var (key, value) in mapping)
        {
            var name = Text(key);
            if (!known.Contains(name)) throw Bad(key, $"unknown field {name}; known are {string.Join(", ", known)}");
            if (!fields.TryAdd(name, value)) throw Bad(key, $"{name} is there twice");
        }

        return fields;
    }

    private static ConfigNode Required(ConfigNode parent, Dictionary<string, ConfigNode> fields, string name) =>
        fields.TryGetValue(name, out var value) ? value : throw Bad(parent, $"{name} is missing");

    private static string Choice(Dictionary<string, ConfigNode> fields, string name, IReadOnlyCollection<string> choices, string otherwise)
    {
        if (!fields.TryGetValue(name, out var node)) return otherwise;
        var text = Text(node);
        return choices.Contains(text) ? text : throw Bad(node, $"{name} is {text}; it must be one of {string.Join(", ", choices)}");
    }

    private static IPEndPoint EndPoint(ConfigNode node)
    {
        var text = Text(node);
        // The parser takes an address without a port for port 0, and that is no port to listen on or connect to.
        return IPEndPoint.TryParse(text, out var endPoint) && endPoint.Port > 0 ? endPoint : throw Bad(node, $"{text} is not IP:PORT");
    }

    private static int Number(ConfigNode node, int least, int most) =>
        int.TryParse(Text(node), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw Bad(node, $"{Text(node)} is not a number from {least} to {most}");

    private static TimeSpan Seconds(ConfigNode node) =>
        double.TryParse(Text(node), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value is >= 0.001 and <= MaxConnectSeconds
            ? TimeSpan.FromSeconds(value)
            : throw Bad(node, $"{Text(node)} is not a number of seconds from 0.001 to {MaxConnectSeconds}");

    private static int Number(Dictionary<string, ConfigNode> fields, string name, int least, int most, int otherwise) =>
        fields.TryGetValue(name, out var node) ? Number(node, least, most) : otherwise;

    private static string Text(ConfigNode node) =>
        node.Scalar is { Length: > 0 } text ? text : throw Bad(node, "a plain value is expected");

    private static ConfigException Bad(ConfigNode node, string reason) => new(node.Line, reason);
}
