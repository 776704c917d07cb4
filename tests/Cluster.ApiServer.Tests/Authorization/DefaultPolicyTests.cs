using Cluster.ApiServer.Authorization.Policy;

namespace Cluster.ApiServer.Tests.Authorization;

/// <summary>The default roles beside upstream's list: the names and the number of rules of its bootstrap policy (1.30).</summary>
public sealed class DefaultPolicyTests
{
    private static readonly Dictionary<string, int> Upstream = new()
    {
        ["admin"] = 0, ["cluster-admin"] = 2, ["edit"] = 0, ["view"] = 0,
        ["system:aggregate-to-admin"] = 2, ["system:aggregate-to-edit"] = 13, ["system:aggregate-to-view"] = 10,
        ["system:auth-delegator"] = 2, ["system:basic-user"] = 2, ["system:discovery"] = 1, ["system:monitoring"] = 1, ["system:public-info-viewer"] = 1,
        ["system:service-account-issuer-discovery"] = 1,
        ["system:certificates.k8s.io:certificatesigningrequests:nodeclient"] = 1, ["system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"] = 1,
        ["system:certificates.k8s.io:kube-apiserver-client-approver"] = 1, ["system:certificates.k8s.io:kube-apiserver-client-kubelet-approver"] = 1,
        ["system:certificates.k8s.io:kubelet-serving-approver"] = 1, ["system:certificates.k8s.io:legacy-unknown-approver"] = 1,
        ["system:heapster"] = 2, ["system:kube-aggregator"] = 1, ["system:kube-controller-manager"] = 11, ["system:kube-dns"] = 1, ["system:kube-scheduler"] = 18,
        ["system:kubelet-api-admin"] = 3, ["system:node"] = 22, ["system:node-bootstrapper"] = 1, ["system:node-problem-detector"] = 3, ["system:node-proxier"] = 4,
        ["system:persistent-volume-provisioner"] = 5, ["system:volume-scheduler"] = 3,
    };

    private static readonly string[] UpstreamBindings =
    [
        "cluster-admin", "system:basic-user", "system:discovery", "system:kube-controller-manager", "system:kube-dns", "system:kube-scheduler", "system:monitoring", "system:node",
        "system:node-proxier", "system:public-info-viewer", "system:service-account-issuer-discovery", "system:volume-scheduler",
    ];

    [Fact]
    public void ClusterRoles_AreThoseOfUpstream_AndOwnOnesUnderTheirOwnPrefix()
    {
        var ours = DefaultPolicy.ClusterRoles.Where(role => !IsOfAController(role.Metadata.Name) && !IsOwn(role.Metadata.Name)).ToDictionary(role => role.Metadata.Name, role => role.Rules.Count);
        Assert.Equal(Upstream.OrderBy(role => role.Key, StringComparer.Ordinal), ours.OrderBy(role => role.Key, StringComparer.Ordinal));
        Assert.All(DefaultPolicy.ClusterRoles, role => Assert.Equal(("true", "rbac-defaults"), (role.Metadata.Annotations["rbac.authorization.kubernetes.io/autoupdate"], role.Metadata.Labels["kubernetes.io/bootstrapping"])));
    }

    [Fact]
    public void ClusterRoleBindings_AreThoseOfUpstream_AndOwnOnesUnderTheirOwnPrefix() => Assert.Equal(
        UpstreamBindings,
        DefaultPolicy.ClusterRoleBindings.Select(binding => binding.Metadata.Name).Where(name => !IsOfAController(name) && !IsOwn(name)).Order(StringComparer.Ordinal));

    private static bool IsOfAController(string name) => name.StartsWith("system:controller:", StringComparison.Ordinal);

    private static bool IsOwn(string name) => name.StartsWith("cluster:", StringComparison.Ordinal);
}
