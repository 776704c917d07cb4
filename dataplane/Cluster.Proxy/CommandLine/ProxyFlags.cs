using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.CommandLine;

/// <summary>The flags of the proxy: kube-proxy's own names, and what this one knows besides.</summary>
/// <remarks>
/// A flag that is not given leaves what the program's own defaults say. A configuration file of kube-proxy's counts as the flags of the same
/// meaning; what the command line says goes before it. kube-proxy's flags that mean nothing here are taken and named by
/// <see cref="ProxySettings.WithoutEffect"/>, so that a DaemonSet needs no other arguments.
/// </remarks>
public sealed class ProxyFlags
{
    private const int HealthPort = 10256;
    private const int MetricsPort = 10249;
    private const int DnsPort = 53;

    private static readonly string[] WithoutEffect =
    [
        "add-dir-header", "alsologtostderr", "bind-address-hard-fail", "boot-id-file", "config-sync-period", "conntrack-max-per-core", "conntrack-min",
        "conntrack-tcp-be-liberal", "conntrack-tcp-timeout-close-wait", "conntrack-tcp-timeout-established", "conntrack-udp-timeout",
        "conntrack-udp-timeout-stream", "detect-local-mode", "feature-gates", "init-only", "iptables-localhost-nodeports", "iptables-masquerade-bit",
        "iptables-min-sync-period", "iptables-sync-period", "ipvs-exclude-cidrs", "ipvs-min-sync-period", "ipvs-scheduler", "ipvs-strict-arp",
        "ipvs-sync-period", "ipvs-tcp-timeout", "ipvs-tcpfin-timeout", "ipvs-udp-timeout", "kube-api-burst", "kube-api-content-type", "kube-api-qps",
        "log-backtrace-at", "log-dir", "log-file", "log-file-max-size", "log-flush-frequency", "log-json-info-buffer-size", "log-json-split-stream",
        "log-text-info-buffer-size", "log-text-split-stream", "logging-format", "logtostderr", "machine-id-file",
        "nftables-masquerade-bit", "nftables-min-sync-period", "nftables-sync-period", "one-output", "oom-score-adj", "pod-bridge-interface",
        "pod-interface-name-prefix", "profiling", "proxy-port-range", "show-hidden-metrics-for-version", "skip-headers", "skip-log-headers",
        "stderrthreshold", "vmodule",
    ];

    /// <summary>What can be said besides a load balancer file.</summary>
    private static readonly string[] OfFiles = ["config", "take-over", "drain-timeout", "v"];

    private readonly Dictionary<string, Option<string?>> _options = [];

    public ProxyFlags()
    {
        Add("config", "FILE", "a YAML file: services to balance without an API server, or kube-proxy's own configuration (told by its apiVersion); a load balancer file is read again when it changes");
        Add("kubeconfig", "FILE", "how to reach the API server; as a pod does otherwise");
        Add("master", "URL", "the API server's URL, in place of the kubeconfig's");
        Add("hostname-override", "NAME", "name of this node; the host's name otherwise");
        Add("bind-address", "IP", "address of this node; that of the default route otherwise");
        Add("node-ip", "IP[,IP]", "as --bind-address, for dual stack one of each family");
        Add("cluster-cidr", "RANGE[,RANGE]", "addresses of pods, one range of each family");
        Add("service-cluster-ip-range", "RANGE[,RANGE]", "addresses of services, one range of each family; where it is not known, each service address is taken by itself");
        Add("nodeport-addresses", "RANGE[,RANGE]", "node ports are served at the node's addresses in these ranges alone, or, with primary, at those the node is known by; at all of them otherwise");
        Add("proxy-mode", "MODE", "relay (default): connect or relay services; nftables: the kernel's address translation, for hosts whose policy demands it");
        Add("masquerade-all", "", "backends see every client by this node's address", ArgumentArity.ZeroOrOne);
        Add("healthz-bind-address", "IP[:PORT]", $"where /healthz is served, 0.0.0.0:{HealthPort} by default; empty for nowhere", ArgumentArity.ZeroOrOne);
        Add("healthz-port", "PORT", "port of /healthz; 0 for nowhere");
        Add("metrics-bind-address", "IP[:PORT]", $"where /metrics and /proxyMode are served, 127.0.0.1:{MetricsPort} by default; empty for nowhere", ArgumentArity.ZeroOrOne);
        Add("metrics-port", "PORT", "port of /metrics; 0 for nowhere");
        Add("udp-timeout", "TIME", "how long a silent UDP flow keeps its backend, 250s by default");
        Add("cluster-dns", "IP", "answer the cluster's DNS names at this address");
        Add("dns-search-shortcuts", "", "answer a pod's first search at once with what its search path leads to; true by default", ArgumentArity.ZeroOrOne);
        Add("cluster-domain", "NAME", "domain of services, cluster.local by default");
        Add("cgroup", "FOLDER", "cgroup v2 folder whose processes are connected to backends from the start; the root of the hierarchy otherwise");
        Add("take-over", "", "take over from the process that serves the same already, without losing anything; true by default", ArgumentArity.ZeroOrOne);
        Add("drain-timeout", "TIME", "how long the connections of a process that was taken over from may go on, 10m by default");
        Add("cleanup", "", "take away what a proxy left on this host, and end", ArgumentArity.ZeroOrOne);
        Add("v", "LEVEL", "how much is logged: 2 by default, 4 and more for debugging");
        _options["v"].Aliases.Add("-v");
        foreach (var name in WithoutEffect)
        {
            Add(name, "", "", ArgumentArity.ZeroOrOne);
            _options[name].Hidden = true;
            // kube-proxy takes both; klog's own flags are written so in many a manifest (--log_dir).
            if (name.Contains('-', StringComparison.Ordinal)) _options[name].Aliases.Add("--" + name.Replace('-', '_'));
        }
    }

    public IEnumerable<Option> All => _options.Values;

    /// <summary>Whether any flag says where services come from.</summary>
    public bool NamesSource(ParseResult parsed) =>
        ((string[])["config", "kubeconfig", "master"]).Any(name => parsed.GetResult(_options[name]) is { Implicit: false });

    /// <summary>Puts flags, and a configuration file they name, over the program's defaults.</summary>
    /// <exception cref="UsageException">Something in them can't be used.</exception>
    public ProxySettings Read(ParseResult parsed, ProxyOptions defaults)
    {
        var withoutEffect = new List<string>();
        var values = new Dictionary<string, FlagValue>();
        foreach (var (name, option) in _options)
        {
            if (parsed.GetResult(option) is not { Implicit: false }) continue;
            if (WithoutEffect.Contains(name)) withoutEffect.Add("--" + name);
            else values[name] = new FlagValue(parsed.GetValue(option) ?? "", "--" + name);
        }

        var config = Text(values, "config");
        if (config is not null && !ConfigFileKind.IsKubeProxys(config)) return OfFile(config, values) with { WithoutEffect = withoutEffect };
        if (config is not null)
            foreach (var (name, value) in KubeProxyConfiguration.Read(config, withoutEffect)) values.TryAdd(name, value);
        return new ProxySettings
        {
            Kubeconfig = Text(values, "kubeconfig"),
            Master = values.TryGetValue("master", out var master) && master.Text.Length > 0 ? Url(master) : null,
            Options = OptionsOf(values, defaults),
            TakesOver = Truth(values, "take-over", true),
            Cleanup = Truth(values, "cleanup", false),
            LogLevel = LogLevelOf(values),
            WithoutEffect = withoutEffect,
        };
    }

    private static ProxyOptions OptionsOf(Dictionary<string, FlagValue> values, ProxyOptions defaults) => defaults with
    {
        NodeName = Text(values, "hostname-override") is { } name ? name.Trim().ToLowerInvariant() : defaults.NodeName,
        NodeAddresses = NodeAddresses(values) ?? defaults.NodeAddresses,
        PodRanges = Given(values, "cluster-cidr", FlagText.RangeOfEachFamily) ?? defaults.PodRanges,
        ServiceRanges = Given(values, "service-cluster-ip-range", FlagText.RangeOfEachFamily) ?? defaults.ServiceRanges,
        NodePortRanges = IsPrimary(values) ? [] : Given(values, "nodeport-addresses", FlagText.Ranges) ?? defaults.NodePortRanges,
        NodePortsAtPrimary = IsPrimary(values) || defaults.NodePortsAtPrimary,
        KernelNat = Given(values, "proxy-mode", IsKernelNat) ?? defaults.KernelNat,
        MasqueradeAll = Truth(values, "masquerade-all", defaults.MasqueradeAll),
        ReturnMark = Truth(values, "masquerade-all", false) ? 0 : defaults.ReturnMark,
        Health = Place(values, "healthz", defaults.Health, HealthPort),
        Metrics = Place(values, "metrics", defaults.Metrics, MetricsPort),
        UdpIdleTimeout = values.TryGetValue("udp-timeout", out var idle) ? Positive(idle) : defaults.UdpIdleTimeout,
        DnsAddress = Given(values, "cluster-dns", FlagText.Address) is { } dns ? new IPEndPoint(dns, DnsPort) : defaults.DnsAddress,
        Dns = defaults.Dns with { SearchShortcuts = Truth(values, "dns-search-shortcuts", defaults.Dns.SearchShortcuts) },
        ClusterDomain = Text(values, "cluster-domain") ?? defaults.ClusterDomain,
        CgroupPath = Text(values, "cgroup") ?? defaults.CgroupPath,
        DrainTimeout = DrainTimeout(values, defaults),
    };

    private static ProxySettings OfFile(string file, Dictionary<string, FlagValue> values)
    {
        foreach (var name in values.Keys)
        {
            if (OfFiles.Contains(name)) continue;
            var instead = name.StartsWith("metrics", StringComparison.Ordinal) ? ": write metrics: IP:PORT in the file" : "";
            throw new UsageException($"--{name} is for services of an API server, and {file} is a load balancer file{instead}");
        }

        return new ProxySettings
        {
            LoadBalancerFile = file,
            TakesOver = Truth(values, "take-over", true),
            Options = new ProxyOptions { DrainTimeout = DrainTimeout(values, new ProxyOptions()) },
            LogLevel = LogLevelOf(values),
        };
    }

    private static TimeSpan DrainTimeout(Dictionary<string, FlagValue> values, ProxyOptions defaults) =>
        values.TryGetValue("drain-timeout", out var drain) ? Positive(drain) : defaults.DrainTimeout;

    // Kubernetes' word since 1.31; it stands alone.
    private static bool IsPrimary(Dictionary<string, FlagValue> values) => Text(values, "nodeport-addresses") == "primary";

    // 0.0.0.0 and :: are kube-proxy's words for "find it yourself".
    private static IReadOnlyList<IPAddress>? NodeAddresses(Dictionary<string, FlagValue> values)
    {
        if (values.TryGetValue("node-ip", out var given) && given.Text.Length > 0) return FlagText.Addresses(given);
        if (Given(values, "bind-address", FlagText.Address) is not { } address) return null;
        return address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? null : [address];
    }

    private static bool? IsKernelNat(FlagValue value) => value.Text switch
    {
        "relay" => false,
        "nftables" => true,
        "iptables" or "ipvs" or "userspace" or "kernelspace" => throw value.Bad(
            "this proxy writes no such rules; leave the mode empty (relay: sockets are connected or relayed, and nothing is translated) or choose nftables"),
        _ => throw value.Bad("relay or nftables is meant"),
    };

    private static IPEndPoint? Place(Dictionary<string, FlagValue> values, string name, IPEndPoint? otherwise, int port)
    {
        var place = values.TryGetValue(name + "-bind-address", out var given) ? FlagText.EndPoint(given, port) : otherwise;
        if (!values.TryGetValue(name + "-port", out var alone)) return place;
        var number = FlagText.Port(alone);
        return number == 0 ? null : new IPEndPoint(place?.Address ?? IPAddress.Any, number);
    }

    private static TimeSpan Positive(FlagValue value)
    {
        var time = FlagText.Duration(value);
        return time > TimeSpan.Zero ? time : throw value.Bad("a time longer than nothing is meant");
    }

    private static Uri Url(FlagValue value) =>
        Uri.TryCreate(value.Text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url! : throw value.Bad("a URL like https://10.0.0.1:6443 is meant");

    // klog's levels: 4 is debugging, 6 and more every request.
    private static LogLevel LogLevelOf(Dictionary<string, FlagValue> values) =>
        values.TryGetValue("v", out var level) ? FlagText.Number(level) switch { >= 6 => LogLevel.Trace, >= 4 => LogLevel.Debug, _ => LogLevel.Information } : LogLevel.Information;

    private static bool Truth(Dictionary<string, FlagValue> values, string name, bool otherwise) =>
        values.TryGetValue(name, out var value) ? FlagText.Truth(value) : otherwise;

    private static string? Text(Dictionary<string, FlagValue> values, string name) => values.TryGetValue(name, out var value) && value.Text.Length > 0 ? value.Text : null;

    private static T? Given<T>(Dictionary<string, FlagValue> values, string name, Func<FlagValue, T> read) =>
        values.TryGetValue(name, out var value) && value.Text.Length > 0 ? read(value) : default;

    private void Add(string name, string value, string description, ArgumentArity? arity = null) => _options[name] = new Option<string?>("--" + name)
    {
        Description = description,
        HelpName = value.Length > 0 ? value : null,
        Arity = arity ?? ArgumentArity.ExactlyOne,
    };
}
