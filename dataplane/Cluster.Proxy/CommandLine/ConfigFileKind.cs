using Cluster.Proxy.Config;

namespace Cluster.Proxy.CommandLine;

/// <summary>Tells kube-proxy's configuration file from a load balancer file by what it says of itself: apiVersion and kind.</summary>
internal static class ConfigFileKind
{
    private static readonly string[] LoadBalancerFields = ["services", "threads", "metrics"];

    /// <summary>Reads no further than to the first field that tells.</summary>
    public static bool IsKubeProxys(string path)
    {
        try
        {
            using var text = new StreamReader(path);
            return ConfigNode.FirstField(text, name => name is "apiVersion" or "kind" || LoadBalancerFields.Contains(name)) is "apiVersion" or "kind";
        }
        catch (Exception failure) when (failure is ConfigException or IOException or UnauthorizedAccessException)
        {
            // Whoever reads it whole says what is wrong with it.
            return false;
        }
    }
}
