using Cluster.Api;
using Cluster.Api.RbacV1;
using Cluster.ApiServer.Authorization.Rbac;

namespace Cluster.ApiServer.Authorization.Policy;

/// <summary>Gives an object of the default policy what it lacks of the default, and leaves what it has more.</summary>
internal static class PolicyMerge
{
    /// <param name="wanted">As the default is.</param>
    /// <param name="stored">Changed in place.</param>
    public static void Add(IApiObject wanted, IApiObject stored)
    {
        foreach (var (key, value) in wanted.Metadata.Labels)
            stored.Metadata.Labels.TryAdd(key, value);
        foreach (var (key, value) in wanted.Metadata.Annotations)
            stored.Metadata.Annotations.TryAdd(key, value);
        switch (stored)
        {
            case ClusterRole { AggregationRule: null } role when ((ClusterRole)wanted).AggregationRule is null:
                AddRules(((ClusterRole)wanted).Rules, role.Rules);
                break;
            case ClusterRole role when ((ClusterRole)wanted).AggregationRule is { } gathered:
                AddSelectors(gathered, role.AggregationRule ??= new AggregationRule());
                break;
            case Role role:
                AddRules(((Role)wanted).Rules, role.Rules);
                break;
            case RoleBinding binding:
                AddMissing(((RoleBinding)wanted).Subjects, binding.Subjects);
                break;
            case ClusterRoleBinding binding:
                AddMissing(((ClusterRoleBinding)wanted).Subjects, binding.Subjects);
                break;
        }
    }

    private static void AddRules(IEnumerable<PolicyRule> wanted, ICollection<PolicyRule> held)
    {
        foreach (var right in RuleCover.Missing([.. held], wanted))
            held.Add(right);
    }

    private static void AddSelectors(AggregationRule wanted, AggregationRule held) =>
        AddMissing(wanted.ClusterRoleSelectors, held.ClusterRoleSelectors);

    private static void AddMissing<T>(IEnumerable<T> wanted, ICollection<T> held)
    {
        foreach (var one in wanted.Where(one => !held.Contains(one)))
            held.Add(one);
    }
}
