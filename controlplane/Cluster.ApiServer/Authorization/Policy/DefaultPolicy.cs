using Cluster.Api.RbacV1;

namespace Cluster.ApiServer.Authorization.Policy;

/// <summary>The roles and bindings every cluster begins with, under Kubernetes' names.</summary>
internal static class DefaultPolicy
{
    public static IReadOnlyList<ClusterRole> ClusterRoles => [.. UserRoles.All, .. ComponentRoles.All, .. ControllerRoles.All, .. OwnRoles.All];

    public static IReadOnlyList<ClusterRoleBinding> ClusterRoleBindings =>
        [.. UserRoles.Bindings, .. ComponentRoles.Bindings, .. ControllerRoles.Bindings, .. OwnRoles.Bindings];

    public static IReadOnlyList<Role> Roles => [.. NamespaceRoles.All];

    public static IReadOnlyList<RoleBinding> RoleBindings => [.. NamespaceRoles.Bindings];
}
