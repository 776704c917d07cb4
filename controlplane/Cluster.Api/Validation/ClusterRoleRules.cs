using Cluster.Api.RbacV1;

namespace Cluster.Api.Validation;

internal sealed class ClusterRoleRules : KindRules<ClusterRole>
{
    protected override IEnumerable<string> NameFormat(string name) => NameFormats.PathSegment(name);

    protected override void Check(ClusterRole obj, FieldErrors errors)
    {
        RoleRules.Rules(obj.Rules, namespaced: false, errors);
        if (obj.AggregationRule is not { } aggregation)
        {
            return;
        }
        var path = FieldPath.Root("aggregationRule").Child("clusterRoleSelectors");
        if (aggregation.ClusterRoleSelectors.Count == 0)
        {
            errors.Required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
        }
        for (var i = 0; i < aggregation.ClusterRoleSelectors.Count; i++)
        {
            LabelSelectorRules.Check(aggregation.ClusterRoleSelectors[i], path.Index(i), errors);
        }
    }
}
