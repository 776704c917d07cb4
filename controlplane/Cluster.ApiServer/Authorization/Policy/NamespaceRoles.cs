using Cluster.Api.RbacV1;
using static Cluster.ApiServer.Authorization.Policy.PolicyObjects;
using static Cluster.ApiServer.Authorization.Policy.Rules;

namespace Cluster.ApiServer.Authorization.Policy;

/// <summary>The default roles that hold in one of the cluster's own namespaces.</summary>
internal static class NamespaceRoles
{
    private const string Public = "kube-public";
    private const string Prefix = "system:controller:";
    private const string ManagerLock = "system::leader-locking-kube-controller-manager";
    private const string SchedulerLock = "system::leader-locking-kube-scheduler";
    private const string Authority = "extension-apiserver-authentication";

    public static IEnumerable<Role> All =>
    [
        Role(KubeSystem, $"{Authority}-reader", On(Read, "core", "configmaps", Authority)),
        Role(KubeSystem, $"{Prefix}bootstrap-signer", On(Read, "core", "secrets")),
        Role(KubeSystem, $"{Prefix}cloud-provider", On("create get list watch", "core", "configmaps")),
        Role(KubeSystem, $"{Prefix}token-cleaner", On("delete get list watch", "core", "secrets"), Events),
        Role(KubeSystem, ManagerLock, On("watch", "core", "configmaps"), On("get update", "core", "configmaps", "kube-controller-manager")),
        Role(KubeSystem, SchedulerLock, On("watch", "core", "configmaps"), On("get update", "core", "configmaps", "kube-scheduler")),
        Role(Public, $"{Prefix}bootstrap-signer", On(Read, "core", "configmaps"), On("update", "core", "configmaps", "cluster-info"), Events),
    ];

    public static IEnumerable<RoleBinding> Bindings =>
    [
        Binding(KubeSystem, $"system::{Authority}-reader", $"{Authority}-reader", User("system:kube-controller-manager"), User("system:kube-scheduler")),
        Binding(KubeSystem, ManagerLock, ManagerLock, User("system:kube-controller-manager"), Account("kube-controller-manager")),
        Binding(KubeSystem, SchedulerLock, SchedulerLock, User("system:kube-scheduler"), Account("kube-scheduler")),
        Binding(KubeSystem, $"{Prefix}bootstrap-signer", $"{Prefix}bootstrap-signer", Account("bootstrap-signer")),
        Binding(KubeSystem, $"{Prefix}cloud-provider", $"{Prefix}cloud-provider", Account("cloud-provider")),
        Binding(KubeSystem, $"{Prefix}token-cleaner", $"{Prefix}token-cleaner", Account("token-cleaner")),
        Binding(Public, $"{Prefix}bootstrap-signer", $"{Prefix}bootstrap-signer", Account("bootstrap-signer")),
    ];
}
