using Cluster.Api.RbacV1;

namespace Cluster.Api.Validation;

internal sealed class ClusterRoleBindingRules : KindRules<ClusterRoleBinding>
{
    protected override IEnumerable<string> NameFormat(string name) => NameFormats.PathSegment(name);

    protected override void Check(ClusterRoleBinding obj, FieldErrors errors) =>
        RoleBindingRules.Binding(obj.RoleRef, ["ClusterRole"], obj.Subjects, namespaced: false, errors);

    protected override void CheckUpdate(ClusterRoleBinding obj, ClusterRoleBinding before, FieldErrors errors) =>
        RoleBindingRules.SameRole(obj.RoleRef, before.RoleRef, errors);
}
