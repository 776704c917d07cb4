using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>What workloads make their pods of.</summary>
internal static class PodTemplates
{
    /// <summary>The template of a built-in workload; null: the object is none, or has none.</summary>
    public static PodTemplateSpec? Of(IApiObject? obj) => obj switch
    {
        PodTemplate template => template.Template,
        ReplicationController controller => controller.Spec?.Template,
        ReplicaSet set => set.Spec?.Template,
        Deployment deployment => deployment.Spec?.Template,
        StatefulSet set => set.Spec?.Template,
        DaemonSet set => set.Spec?.Template,
        Job job => job.Spec?.Template,
        CronJob job => job.Spec?.JobTemplate?.Spec?.Template,
        _ => null,
    };
}
