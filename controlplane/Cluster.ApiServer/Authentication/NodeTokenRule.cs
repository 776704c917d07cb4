using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Authorization.Nodes;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authentication;

/// <summary>A kubelet asks for tokens of its own pods alone, each bound to the pod.</summary>
internal static class NodeTokenRule
{
    private static readonly ResourceType Accounts = ResourceCatalog.For<ServiceAccount>();
    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();

    /// <exception cref="StatusException">403.</exception>
    public static void Check(UserIdentity user, TokenRequestSpec spec, string ns, string account, IObjectReader reader)
    {
        if (NodeIdentity.NameOf(user) is not { } node)
            return;
        if (spec.BoundObjectRef is not { Kind: "Pod", ApiVersion: "v1" or "", Name.Length: > 0 } bound)
            throw No("node requested token not bound to a pod");
        if (bound.UID.Length == 0)
            throw No("node requested token with a pod binding without a uid");
        if (reader.Find(Pods, ns, bound.Name) is not Pod pod)
            throw StatusErrors.NotFound(Pods, bound.Name);
        if (pod.Metadata.Uid != bound.UID)
            throw No($"the UID in the bound object reference ({bound.UID}) does not match the UID in record ({pod.Metadata.Uid}). The object might have been deleted and then recreated");
        if (pod.Spec?.NodeName != node)
            throw No("node requested token bound to a pod scheduled on a different node");

        StatusException No(string why) => StatusErrors.Forbidden(Accounts, account, why);
    }
}
