using Cluster.Proxy.Config;

namespace Cluster.Proxy.CommandLine;

/// <summary>Reads kube-proxy's configuration file (kubeproxy.config.k8s.io/v1alpha1): every field is the flag of the same meaning.</summary>
internal static class KubeProxyConfiguration
{
    private const string Kind = "KubeProxyConfiguration";
    private const string Group = "kubeproxy.config.k8s.io/";

    private static readonly Dictionary<string, string> Flags = new()
    {
        ["bindAddress"] = "bind-address",
        ["clientConnection.kubeconfig"] = "kubeconfig",
        ["clusterCIDR"] = "cluster-cidr",
        ["healthzBindAddress"] = "healthz-bind-address",
        ["hostnameOverride"] = "hostname-override",
        ["iptables.masqueradeAll"] = "masquerade-all",
        ["metricsBindAddress"] = "metrics-bind-address",
        ["mode"] = "proxy-mode",
        ["nftables.masqueradeAll"] = "masquerade-all",
        ["nodePortAddresses"] = "nodeport-addresses",
        ["udpIdleTimeout"] = "udp-timeout",
    };

    // Whole trees of them mean nothing where nothing is translated by rules.
    private static readonly string[] WithoutEffect =
    [
        "bindAddressHardFail", "clientConnection", "configSyncPeriod", "conntrack", "detectLocal", "detectLocalMode", "enableProfiling", "featureGates",
        "iptables", "ipvs", "linux", "logging", "minSyncPeriod", "nftables", "oomScoreAdj", "portRange", "showHiddenMetricsForVersion", "syncPeriod",
        "windows", "windowsRunAsService", "winkernel",
    ];

    /// <param name="path">The file.</param>
    /// <param name="withoutEffect">Gets the fields that say something that means nothing here.</param>
    /// <returns>Values by the name of their flag, without dashes.</returns>
    /// <exception cref="UsageException">It can't be read or is none.</exception>
    public static Dictionary<string, FlagValue> Read(string path, ICollection<string> withoutEffect)
    {
        try
        {
            using var text = new StreamReader(path);
            var root = ConfigNode.Read(text);
            CheckKind(path, root);
            var values = new Dictionary<string, FlagValue>();
            Collect(path, "", root, values, withoutEffect);
            return values;
        }
        catch (ConfigException failure)
        {
            throw new UsageException($"--config {path}: {failure.Message}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--config {path}: {failure.Message}");
        }
    }

    private static void CheckKind(string path, ConfigNode root)
    {
        var (version, kind) = (Field(root, "apiVersion"), Field(root, "kind"));
        if (kind != Kind || version?.StartsWith(Group, StringComparison.Ordinal) != true)
            throw new UsageException($"--config {path}: {version} {kind} is not known; a {Kind} of {Group}v1alpha1 is meant, or a load balancer file without apiVersion and kind");
    }

    private static string? Field(ConfigNode root, string name) => root.Fields?.Find(field => field.Key.Scalar == name).Value?.Scalar;

    private static void Collect(string path, string prefix, ConfigNode node, Dictionary<string, FlagValue> values, ICollection<string> withoutEffect)
    {
        foreach (var (key, value) in node.Fields ?? [])
        {
            var name = prefix + key.Scalar;
            if (name is "apiVersion" or "kind" || IsUnset(value)) continue;
            var where = $"--config {path}: line {key.Line}: {name}";
            if (Flags.TryGetValue(name, out var flag)) values[flag] = new FlagValue(Text(value), where);
            else if (value.Fields is not null && Flags.Keys.Any(known => known.StartsWith(name + ".", StringComparison.Ordinal))) Collect(path, name + ".", value, values, withoutEffect);
            else if (WithoutEffect.Contains(name.Split('.')[0])) withoutEffect.Add(name);
            else throw new UsageException($"{where} is not a field of {Kind}");
        }
    }

    // What kubeadm and kube-proxy's own --write-config-to write for everything that nobody has set.
    private static bool IsUnset(ConfigNode value) =>
        value.Scalar is "" or "null" or "~" or "0" or "0s" or "false" || value.Items?.Count == 0 || (value.Fields is { } fields && fields.TrueForAll(field => IsUnset(field.Value)));

    private static string Text(ConfigNode value) =>
        value.Scalar ?? (value.Items is { } items ? string.Join(',', items.Select(Text)) : throw new ConfigException(value.Line, "a plain value or a list is expected"));
}
