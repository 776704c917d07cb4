using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;

namespace Cluster.ApiServer.WatchCache;

/// <summary>A version of a pod on a node, and what it asks for: summed up at the first binding that looks, not at each.</summary>
internal sealed class NodePod(ObjectVersion version)
{
    private IReadOnlyDictionary<string, QuantityValue>? _requests;

    public string Key => version.Key;

    public Pod Pod => (Pod)version.Object;

    public IReadOnlyDictionary<string, QuantityValue> Requests => _requests ??= Pods.Requests(Pod.Spec);
}
