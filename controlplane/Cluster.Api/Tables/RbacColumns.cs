using Cluster.Api.RbacV1;

namespace Cluster.Api.Tables;

/// <summary>Bindings: which role, and whose.</summary>
internal static class RbacColumns
{
    public static TableColumns OfRoleBinding() => Make<RoleBinding>(binding => binding.RoleRef, binding => binding.Subjects);

    public static TableColumns OfClusterRoleBinding() => Make<ClusterRoleBinding>(binding => binding.RoleRef, binding => binding.Subjects);

    private static TableColumns Make<T>(Func<T, RoleRef?> role, Func<T, IEnumerable<Subject>> subjects) => new TableBuilder<T>()
        .Name()
        .Text("Role", "The role that is given.", binding => $"{role(binding)?.Kind}/{role(binding)?.Name}")
        .Age()
        .Wide("Users", "Users it is given to.", binding => Names(subjects(binding), "User"))
        .Wide("Groups", "Groups it is given to.", binding => Names(subjects(binding), "Group"))
        .Wide("ServiceAccounts", "Service accounts it is given to.", binding => Names(subjects(binding), "ServiceAccount"))
        .Build();

    private static string Names(IEnumerable<Subject> subjects, string kind) => string.Join(", ", subjects
        .Where(subject => subject.Kind == kind)
        .Select(subject => kind == "ServiceAccount" ? $"{subject.Namespace}/{subject.Name}" : subject.Name));
}
