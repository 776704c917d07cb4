using System.Text;
using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>32-bit FNV-1a over what of a running pod's container may change: a changed hash makes it start anew.</summary>
internal static class ContainerHash
{
    private const uint OffsetBasis = 2166136261;
    private const uint Prime = 16777619;

    public static string Of(Container container)
    {
        var hash = OffsetBasis;
        foreach (var part in Encoding.UTF8.GetBytes($"{container.Name}\0{container.Image}")) hash = (hash ^ part) * Prime;
        return hash.ToString("x");
    }
}
