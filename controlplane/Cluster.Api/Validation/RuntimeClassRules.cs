using Cluster.Api.NodeV1;

namespace Cluster.Api.Validation;

internal sealed class RuntimeClassRules : KindRules<RuntimeClass>
{
    private static readonly FieldPath Handler = FieldPath.Root("handler");

    protected override void Check(RuntimeClass obj, FieldErrors errors)
    {
        errors.Format(Handler, obj.Handler, NameFormats.Dns1123Label);
        if (obj.Overhead is { } overhead)
        {
            ResourceRules.Overhead(overhead.PodFixed, FieldPath.Root("overhead").Child("podFixed"), errors);
        }
        if (obj.Scheduling is not { } scheduling)
        {
            return;
        }
        var path = FieldPath.Root("scheduling");
        ObjectMetaRules.Labels(scheduling.NodeSelector, path.Child("nodeSelector"), errors);
        PlacementRules.Tolerations(scheduling.Tolerations, path.Child("tolerations"), errors);
    }

    protected override void CheckUpdate(RuntimeClass obj, RuntimeClass before, FieldErrors errors) =>
        errors.Unchanged(Handler, obj.Handler, before.Handler);
}
