using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.AutoscalingV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;
using Cluster.ApiServer.WatchCache;
using Selector = Cluster.Api.Selectors.LabelSelector;

namespace Cluster.ApiServer.Registry;

/// <summary>The scale subresource: a workload seen as a number of replicas.</summary>
internal static class ScaleView
{
    public static Scale Of(ResourceType type, IApiObject obj)
    {
        var (wanted, actual, selector) = obj switch
        {
            CustomObject custom => Of(type, custom),
            ReplicationController rc => (rc.Spec.Replicas, rc.Status?.Replicas ?? 0, Selector.From(rc.Spec.Selector).ToString()),
            ReplicaSet rs => (rs.Spec.Replicas, rs.Status?.Replicas ?? 0, Selector.From(rs.Spec.Selector).ToString()),
            Deployment deployment => (
                deployment.Spec.Replicas, deployment.Status?.Replicas ?? 0, Selector.From(deployment.Spec.Selector).ToString()),
            StatefulSet set => (set.Spec.Replicas, set.Status?.Replicas ?? 0, Selector.From(set.Spec.Selector).ToString()),
            _ => throw new ArgumentException($"{obj.Descriptor.Name} has no scale", nameof(obj)),
        };
        return new Scale
        {
            Metadata = new ObjectMeta
            {
                Name = obj.Metadata.Name, Namespace = obj.Metadata.Namespace, Uid = obj.Metadata.Uid,
                ResourceVersion = obj.Metadata.ResourceVersion, CreationTimestamp = obj.Metadata.CreationTimestamp?.Clone(),
            },
            Spec = new ScaleSpec { Replicas = wanted },
            Status = new ScaleStatus { Replicas = actual, Selector = selector },
        };
    }

    // The selector of an added kind is text already.
    private static (int Wanted, int Actual, string Selector) Of(ResourceType type, CustomObject obj)
    {
        var scale = type.Custom!.Scale!;
        var content = CustomJson.Content(obj);
        var wanted = scale.Wanted(content)
            ?? throw StatusErrors.InternalError($"the spec replicas field {GoText.Quote("." + string.Join('.', scale.Replicas))} does not exist");
        return (wanted, scale.Actual(content), scale.SelectorText(content));
    }

    /// <summary>A copy of the workload with the replicas, and the preconditions, of the scale.</summary>
    public static IApiObject Apply(ResourceType type, IApiObject current, Scale scale)
    {
        var replicas = scale.Spec?.Replicas ?? 0;
        if (replicas < 0)
        {
            throw StatusErrors.Invalid("autoscaling", "Scale", current.Metadata.Name,
                [FieldError.Invalid("spec.replicas", replicas, "must be greater than or equal to 0")]);
        }

        var obj = current.Copy();
        SetReplicas(type, obj, replicas);
        obj.Metadata.ResourceVersion = scale.Metadata?.ResourceVersion ?? "";
        if (scale.Metadata is { Uid.Length: > 0 })
            obj.Metadata.Uid = scale.Metadata.Uid;
        return obj;
    }

    private static void SetReplicas(ResourceType type, IApiObject obj, int replicas)
    {
        switch (obj)
        {
            case CustomObject custom:
                var content = CustomJson.Content(custom);
                type.Custom!.Scale!.SetWanted(content, replicas);
                CustomJson.SetContent(custom, content);
                break;
            case ReplicationController rc: rc.Spec.Replicas = replicas; break;
            case ReplicaSet rs: rs.Spec.Replicas = replicas; break;
            case Deployment deployment: deployment.Spec.Replicas = replicas; break;
            case StatefulSet set: set.Spec.Replicas = replicas; break;
        }
    }
}
