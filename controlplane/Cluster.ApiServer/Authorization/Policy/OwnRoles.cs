using Cluster.Api.RbacV1;
using static Cluster.ApiServer.Authorization.Policy.PolicyObjects;
using static Cluster.ApiServer.Authorization.Policy.Rules;

namespace Cluster.ApiServer.Authorization.Policy;

/// <summary>What this cluster's components do beyond Kubernetes' own roles, and what lets a new node join.</summary>
internal static class OwnRoles
{
    private const string Proxier = "cluster:node-proxier";
    private const string Deployer = "cluster:deployment-controller";
    private const string Requests = "system:certificates.k8s.io:certificatesigningrequests";

    public static IEnumerable<ClusterRole> All =>
    [
        // The proxy writes into a service's conditions that a port of it is taken on a node.
        ClusterRole(Proxier, On("patch", "core", "services/status")),
        // The revision of the newest set is written by a patch: the rest of a deployment is its user's.
        ClusterRole(Deployer, On("patch", "apps", "deployments/status")),
    ];

    public static IEnumerable<ClusterRoleBinding> Bindings =>
    [
        ClusterBinding(Proxier, User("system:kube-proxy")),
        ClusterBinding(Deployer, Account("deployment-controller")),
        ClusterBinding("cluster:kubelet-bootstrap", "system:node-bootstrapper", Group("system:bootstrappers")),
        ClusterBinding("cluster:node-autoapprove-bootstrap", $"{Requests}:nodeclient", Group("system:bootstrappers")),
        ClusterBinding("cluster:node-autoapprove-certificate-rotation", $"{Requests}:selfnodeclient", Group("system:nodes")),
    ];
}
