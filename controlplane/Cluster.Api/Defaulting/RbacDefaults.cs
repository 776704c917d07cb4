using Cluster.Api.RbacV1;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of bindings: the group of a role, and that of users and groups.</summary>
internal static class RbacDefaults
{
    public const string Group = "rbac.authorization.k8s.io";

    public static void Apply(RoleRef? role, IEnumerable<Subject> subjects)
    {
        if (role is not null)
        {
            role.ApiGroup = role.ApiGroup.Or(Group);
        }
        foreach (var subject in subjects.Where(subject => subject.Kind is "User" or "Group"))
        {
            subject.ApiGroup = subject.ApiGroup.Or(Group);
        }
    }
}
