using Cluster.Api.MetaV1;
using Cluster.Api.RbacV1;

namespace Cluster.ApiServer.Authorization.Policy;

/// <summary>Makes the objects of the default policy: marked as such, and kept up to date at each start.</summary>
internal static class PolicyObjects
{
    public const string ApiGroup = "rbac.authorization.k8s.io";

    public const string KubeSystem = "kube-system";

    /// <summary>A default object whose annotation is not <c>true</c> belongs to whoever has changed it.</summary>
    public const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

    private const string Aggregate = ApiGroup + "/aggregate-to-";

    public static ClusterRole ClusterRole(string name, params PolicyRule[] rules) => new() { Metadata = Meta(name), Rules = { rules } };

    /// <summary>A role whose rules a controller gathers from those that are labelled for it.</summary>
    public static ClusterRole Gathered(string name) => new()
    {
        Metadata = Meta(name),
        AggregationRule = new AggregationRule { ClusterRoleSelectors = { new LabelSelector { MatchLabels = { [Aggregate + name] = "true" } } } },
    };

    /// <summary>The role is a part of another, gathered one.</summary>
    public static ClusterRole PartOf(this ClusterRole role, string gathered)
    {
        role.Metadata.Labels[Aggregate + gathered] = "true";
        return role;
    }

    public static Role Role(string ns, string name, params PolicyRule[] rules) => new() { Metadata = Meta(name, ns), Rules = { rules } };

    public static ClusterRoleBinding ClusterBinding(string role, params Subject[] subjects) => ClusterBinding(role, role, subjects);

    public static ClusterRoleBinding ClusterBinding(string name, string role, params Subject[] subjects) => new()
    {
        Metadata = Meta(name),
        RoleRef = new RoleRef { ApiGroup = ApiGroup, Kind = "ClusterRole", Name = role },
        Subjects = { subjects },
    };

    public static RoleBinding Binding(string ns, string name, string role, params Subject[] subjects) => new()
    {
        Metadata = Meta(name, ns),
        RoleRef = new RoleRef { ApiGroup = ApiGroup, Kind = "Role", Name = role },
        Subjects = { subjects },
    };

    public static Subject User(string name) => new() { ApiGroup = ApiGroup, Kind = "User", Name = name };

    public static Subject Group(string name) => new() { ApiGroup = ApiGroup, Kind = "Group", Name = name };

    public static Subject Account(string name) => new() { Kind = "ServiceAccount", Name = name, Namespace = KubeSystem };

    private static ObjectMeta Meta(string name, string ns = "") => new()
    {
        Name = name,
        Namespace = ns,
        Labels = { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
        Annotations = { [AutoUpdate] = "true" },
    };
}
