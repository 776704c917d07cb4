using Cluster.Api.RbacV1;
using Cluster.Api.Selectors;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Roles;

/// <summary>Gives a cluster role with an aggregation rule the rules of all cluster roles its selectors choose.</summary>
internal sealed class ClusterRoleAggregation(ControllerContext context) : IController
{
    private Informer<ClusterRole> _roles = null!;

    public string Name => "clusterrole-aggregation";

    public void Watch(ControllerWatches watches) => _roles = watches.On<ClusterRole>((_, _) =>
    {
        // Any role may be chosen by any selector, before or after the change; there are few gathered roles.
        foreach (var role in _roles.List().Where(IsGathered))
            watches.Add(ObjectKey.Of(role));
    });

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_roles.Get(key) is not { } role || !IsGathered(role))
            return null;
        var rules = Gather(role);
        if (rules.SequenceEqual(role.Rules))
            return null;
        var wanted = role.Clone();
        wanted.Rules.Clear();
        wanted.Rules.Add(rules);
        await context.Client.UpdateAsync(wanted, cancellationToken);
        return null;
    }

    private static bool IsGathered(ClusterRole role) => role.AggregationRule is not null;

    // Selectors in their order, roles by name, each rule once: the same roles always make the same list.
    private List<PolicyRule> Gather(ClusterRole gathered)
    {
        List<PolicyRule> rules = [];
        var others = _roles.List().Where(role => role.Metadata.Name != gathered.Metadata.Name)
            .OrderBy(role => role.Metadata.Name, StringComparer.Ordinal).ToList();
        foreach (var selector in gathered.AggregationRule.ClusterRoleSelectors.Select(LabelSelector.From))
        {
            foreach (var rule in others.Where(selector.Matches).SelectMany(role => role.Rules))
            {
                if (!rules.Contains(rule))
                    rules.Add(rule);
            }
        }

        return rules;
    }
}
