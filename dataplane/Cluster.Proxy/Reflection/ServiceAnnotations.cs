using System.Globalization;
using Cluster.Api.CoreV1;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Health;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Reflection;

/// <summary>What a Service asks of the data plane beyond its own fields, by annotation. A value that is not known counts as not given and is told.</summary>
internal sealed class ServiceAnnotations
{
    public const string Prefix = "cluster.local/";

    public const string PolicyKey = Prefix + "balancing-policy";
    public const string PathKey = Prefix + "path";
    public const string UdpModeKey = Prefix + "udp-mode";
    public const string IdleKey = Prefix + "idle-timeout";
    public const string ProxyProtocolKey = Prefix + "proxy-protocol";
    public const string ReplayKey = Prefix + "replay";
    public const string RebalanceKey = Prefix + "rebalance";
    public const string MaxConnectionAgeKey = Prefix + "max-connection-age";
    public const string HealthCheckKey = Prefix + "health-check";
    public const string HealthCheckIntervalKey = Prefix + "health-check-interval";
    public const string MaxConnectionsKey = Prefix + "max-connections";
    public const string ZoneSpillOverKey = Prefix + "zone-spill-over";

    public const string SourceAddressKey = Prefix + "source-address";

    private const int MostCheckSeconds = 3600;

    private static readonly string[] Policies = [.. BalancingPolicies.BuiltIn(TimeProvider.System).Names];

    private readonly List<string> _problems = [];
    private readonly Service _service;

    public ServiceAnnotations(Service service)
    {
        _service = service;
        Policy = Choice(PolicyKey, Policies.ToDictionary(name => name, name => (string?)name), null);
        Path = Choice(
            PathKey,
            new() { ["auto"] = ServicePath.Auto, ["loop"] = ServicePath.Loop, ["managed"] = ServicePath.Managed, ["connect"] = ServicePath.Connect },
            ServicePath.Auto);
        UdpMode = Choice(
            UdpModeKey, new() { ["session"] = UdpMode.Session, ["one-way"] = UdpMode.OneWay, ["per-datagram"] = UdpMode.PerDatagram }, UdpMode.Session);
        ProxyProtocol = Choice(ProxyProtocolKey, new() { ["v2"] = true, ["none"] = false }, false);
        Replay = Choice(ReplayKey, new() { ["true"] = true, ["false"] = false }, false);
        Rebalance = Choice(RebalanceKey, new() { ["true"] = true, ["false"] = false }, false);
        MaxConnectionAge = TimeSpan.FromSeconds(Number(MaxConnectionAgeKey, "seconds"));
        MaxConnections = Number(MaxConnectionsKey, "connections");
        HealthCheck = Check();
        ZoneSpillOver = Number(ZoneSpillOverKey, "connections");
        IdleTimeout = TimeSpan.FromSeconds(Number(IdleKey, "seconds"));
        KeepsSource = Choice(SourceAddressKey, new() { ["client"] = true, ["node"] = false }, (bool?)null) is { } asked ? asked && MayKeepSource() : WhyNotSource() is null;
    }

    /// <summary>Name of a balancing policy; null for round robin.</summary>
    public string? Policy { get; }

    public ServicePath Path { get; }

    public UdpMode UdpMode { get; }

    /// <summary>Zero for what the proxy does otherwise.</summary>
    public TimeSpan IdleTimeout { get; }

    public bool ProxyProtocol { get; }

    public bool Replay { get; }

    public bool Rebalance { get; }

    /// <summary>Zero for none.</summary>
    public TimeSpan MaxConnectionAge { get; }

    /// <summary>How its TCP ports' backends are asked whether they answer, beside the probes of their kubelets; null: not.</summary>
    public HealthCheck? HealthCheck { get; }

    /// <summary>Zero for any number.</summary>
    public int MaxConnections { get; }

    public int ZoneSpillOver { get; }

    /// <summary>Local backends are to see clients beyond the cluster by their own addresses: so where it can be, unless <c>node</c> is asked for.</summary>
    public bool KeepsSource { get; }

    /// <summary>A sentence for each value that can't be used.</summary>
    public IReadOnlyList<string> Problems => _problems;

    private bool MayKeepSource()
    {
        if (WhyNotSource() is not { } reason) return true;
        _problems.Add($"annotation {SourceAddressKey} is client, but {reason}");
        return false;
    }

    // By TCP alone, or over HTTP by a path, on the port that connections go to.
    private HealthCheck? Check()
    {
        if (Text(HealthCheckKey) is not { } asked) return null;
        var isPath = asked.StartsWith('/') && asked.All(letter => letter is > ' ' and < (char)0x7f);
        if (!isPath && asked != "tcp")
        {
            _problems.Add($"annotation {HealthCheckKey} is {asked}; it must be tcp, or the path of an HTTP request, such as /healthz");
            return null;
        }

        var check = new HealthCheck { HttpPath = isPath ? asked : null };
        if (Text(HealthCheckIntervalKey) is not { } interval) return check;
        if (int.TryParse(interval, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= MostCheckSeconds)
            return check with { Interval = TimeSpan.FromSeconds(seconds) };
        _problems.Add($"annotation {HealthCheckIntervalKey} is {interval}; it must be a number of seconds from 1 to {MostCheckSeconds}");
        return check;
    }

    private string? Text(string key) => _service.Metadata.Annotations.TryGetValue(key, out var text) ? text : null;

    private string? WhyNotSource() =>
        _service.Spec.ExternalTrafficPolicy != "Local" ? "externalTrafficPolicy is not Local: backends of other nodes would answer past this one"
        : Path == ServicePath.Managed ? "path managed speaks from the node's address alone"
        : UdpMode != UdpMode.Session ? "clients share sockets in this UDP mode"
        : null;

    private T Choice<T>(string key, Dictionary<string, T> choices, T otherwise)
    {
        if (!_service.Metadata.Annotations.TryGetValue(key, out var text)) return otherwise;
        if (choices.TryGetValue(text, out var value)) return value;
        _problems.Add($"annotation {key} is {text}; it must be one of {string.Join(", ", choices.Keys)}");
        return otherwise;
    }

    private int Number(string key, string unit)
    {
        if (!_service.Metadata.Annotations.TryGetValue(key, out var text)) return 0;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        _problems.Add($"annotation {key} is {text}; it must be a number of {unit}");
        return 0;
    }
}
