using System.CommandLine;
using System.Net;
using Cluster.Cli.Hosting;

namespace Cluster.Cli.Commands;

/// <summary>The options of <c>up</c>: Kubernetes' own flag names where one exists.</summary>
internal sealed class ClusterOptions
{
    public Option<string> Data { get; } = DataOption();

    public Option<string> Listen { get; } = new("--listen")
    {
        Description = "IP:PORT of the API server", DefaultValueFactory = _ => "127.0.0.1:6443",
    };

    public Option<string> Store { get; } = new("--store") { Description = "embedded, or etcd with --etcd-endpoints", DefaultValueFactory = _ => "embedded" };

    public AuditOptions Audit { get; } = new();

    public OidcFlags Oidc { get; } = new();

    public AdmissionFlags Admission { get; } = new();

    public Option<string?> Tracing { get; } = new("--tracing-config-file")
    {
        Description = "TracingConfiguration: where the API server's spans are sent by OpenTelemetry; nowhere otherwise",
    };

    public EtcdOptions Etcd { get; } = new("--etcd-endpoints");

    public Option<string> ServiceRange { get; } = new("--service-cluster-ip-range")
    {
        Description = "addresses of services", DefaultValueFactory = _ => "10.96.0.0/16",
    };

    public Option<string> ClusterCidr { get; } = new("--cluster-cidr") { Description = "addresses of pods, a /24 a node", DefaultValueFactory = _ => "10.244.0.0/16" };

    public Option<string> ClusterDns { get; } = new("--cluster-dns") { Description = "address of the DNS service", DefaultValueFactory = _ => "10.96.0.10" };

    public Option<string> ClusterDomain { get; } = new("--cluster-domain") { Description = "domain of services", DefaultValueFactory = _ => "cluster.local" };

    public Option<string?> NodeName { get; } = new("--hostname-override") { Description = "name of this node; the host's name otherwise" };

    public Option<string?> NodeAddress { get; } = new("--node-ip") { Description = "address of this node; that of the default route otherwise" };

    public Option<int> KubeletPort { get; } = Port("--kubelet-port", 10250, "kubelet (TLS)");

    public Option<int> KubeletHealthPort { get; } = Port("--kubelet-healthz-port", 10248, "kubelet's health");

    public Option<int> ProxyHealthPort { get; } = Port("--proxy-healthz-port", 10256, "proxy's health");

    public Option<int> ProxyMetricsPort { get; } = Port("--proxy-metrics-port", 10249, "proxy's metrics");

    public Option<int> SchedulerPort { get; } = Port("--scheduler-port", 10259, "scheduler's health and metrics");

    public Option<int> ControllerManagerPort { get; } = Port("--controller-manager-port", 10257, "controller manager's health and metrics");

    public Option<bool> Detach { get; } = new("--detach") { Description = "return once everything is ready and leave it running" };

    public IEnumerable<Option> All =>
    [
        Data, Listen, Store, .. Etcd.All, .. Audit.All, .. Oidc.All, .. Admission.All, Tracing, ServiceRange, ClusterCidr, ClusterDns, ClusterDomain, NodeName, NodeAddress, KubeletPort, KubeletHealthPort,
        ProxyHealthPort, ProxyMetricsPort, SchedulerPort, ControllerManagerPort, Detach,
    ];

    public static Option<string> DataOption() => new("--data")
    {
        Description = "folder of the cluster's data", DefaultValueFactory = _ => DataDirectory.DefaultPath,
    };

    public ClusterSettings Read(ParseResult parsed)
    {
        string store = parsed.GetValue(Store)!;
        EtcdSettings etcd = Etcd.Read(parsed);
        if (store is not ("embedded" or "etcd")) throw new CliException($"--store {store}: embedded or etcd is meant", 2);
        if (store == "etcd" && !etcd.IsUsed) throw new CliException("--store etcd needs --etcd-endpoints URL,.. as well", 2);
        if (store == "embedded" && etcd.IsUsed) throw new CliException("--etcd-endpoints needs --store etcd as well", 2);

        IPAddress node = parsed.GetValue(NodeAddress) is { } given ? OptionText.Address("--node-ip", given) : NodeFacts.Address();
        return new ClusterSettings
        {
            DataPath = parsed.GetValue(Data)!,
            Listen = OptionText.EndPoint("--listen", parsed.GetValue(Listen)!),
            Etcd = etcd,
            AuditLog = Audit.Read(parsed),
            Oidc = Oidc.Read(parsed),
            Admission = Admission.Read(parsed),
            TracingConfig = parsed.GetValue(Tracing),
            ServiceRange = OptionText.Network("--service-cluster-ip-range", parsed.GetValue(ServiceRange)!),
            ClusterCidr = OptionText.Network("--cluster-cidr", parsed.GetValue(ClusterCidr)!),
            ClusterDns = ParseDns(parsed),
            ClusterDomain = parsed.GetValue(ClusterDomain)!,
            NodeName = parsed.GetValue(NodeName) ?? NodeFacts.Name(),
            NodeAddress = node,
            KubeletPort = parsed.GetValue(KubeletPort),
            KubeletHealthPort = parsed.GetValue(KubeletHealthPort),
            ProxyHealthPort = parsed.GetValue(ProxyHealthPort),
            ProxyMetricsPort = parsed.GetValue(ProxyMetricsPort),
            SchedulerPort = parsed.GetValue(SchedulerPort),
            ControllerManagerPort = parsed.GetValue(ControllerManagerPort),
        };
    }

    private IPAddress ParseDns(ParseResult parsed)
    {
        IPAddress dns = OptionText.Address("--cluster-dns", parsed.GetValue(ClusterDns)!);
        IPNetwork range = OptionText.Network("--service-cluster-ip-range", parsed.GetValue(ServiceRange)!);
        return range.Contains(dns) ? dns : throw new CliException($"--cluster-dns {dns} is not in the service range {range}", 2);
    }

    private static Option<int> Port(string name, int port, string what) => new(name) { Description = $"port of the {what}", DefaultValueFactory = _ => port };
}
