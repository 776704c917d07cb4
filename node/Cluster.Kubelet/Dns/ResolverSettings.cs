using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.Dns;

/// <summary>The contents of a pod's resolv.conf.</summary>
internal sealed class ResolverSettings
{
    private const int MaxNameservers = 3;
    private const string HostFile = "/etc/resolv.conf";

    private readonly List<string> nameservers = [];
    private readonly List<string> searches = [];
    private readonly List<string> settings = [];

    public static string For(Pod pod, KubeletOptions options)
    {
        var resolver = new ResolverSettings();
        var policy = pod.Spec.DnsPolicy;

        // ClusterFirst means the cluster's DNS unless the pod is on the host's network.
        var clusterFirst = policy == "ClusterFirstWithHostNet" || (policy is "ClusterFirst" or "" && !pod.Spec.HostNetwork);
        if (clusterFirst) resolver.AddCluster(pod.Metadata.Namespace, options);
        else if (policy != "None") resolver.AddHost(File.Exists(HostFile) ? File.ReadAllLines(HostFile) : []);
        if (pod.Spec.DnsConfig is { } config) resolver.Merge(config);
        return resolver.ToString();
    }

    public override string ToString()
    {
        var lines = nameservers.Distinct().Take(MaxNameservers).Select(server => "nameserver " + server).ToList();
        if (searches.Count > 0) lines.Add("search " + string.Join(' ', searches.Distinct()));
        if (settings.Count > 0) lines.Add("options " + string.Join(' ', settings));
        return string.Join('\n', lines) + "\n";
    }

    internal void AddHost(IEnumerable<string> lines)
    {
        var split = lines.Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
        foreach (var words in split.Where(words => words.Length > 1))
        {
            if (words[0] == "nameserver") nameservers.Add(words[1]);
            if (words[0] == "search") searches.AddRange(words[1..]);
            if (words[0] == "options") settings.AddRange(words[1..]);
        }
    }

    private void AddCluster(string ns, KubeletOptions options)
    {
        nameservers.Add(options.ClusterDns);
        searches.AddRange([$"{ns}.svc.{options.ClusterDomain}", $"svc.{options.ClusterDomain}", options.ClusterDomain]);
        var host = new ResolverSettings();
        host.AddHost(File.Exists(HostFile) ? File.ReadAllLines(HostFile) : []);
        searches.AddRange(host.searches);
        settings.Add("ndots:5");
    }

    private void Merge(PodDNSConfig config)
    {
        nameservers.AddRange(config.Nameservers);
        searches.AddRange(config.Searches);
        foreach (var option in config.Options)
        {
            settings.RemoveAll(setting => setting == option.Name || setting.StartsWith(option.Name + ":", StringComparison.Ordinal));
            settings.Add(option.HasValue && option.Value.Length > 0 ? $"{option.Name}:{option.Value}" : option.Name);
        }
    }
}
