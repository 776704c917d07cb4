using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Replication;

/// <summary>Makes pods from a template.</summary>
internal static class PodMaker
{
    public static Pod FromTemplate(PodTemplateSpec template, IApiObject owner)
    {
        var meta = template.Metadata ?? new();
        var pod = new Pod
        {
            Metadata = new()
            {
                Namespace = owner.Metadata.Namespace,
                GenerateName = owner.Metadata.Name + "-",
                Labels = { meta.Labels },
                Annotations = { meta.Annotations },
                Finalizers = { meta.Finalizers },
            },
            Spec = template.Spec?.Clone() ?? new(),
        };
        pod.Metadata.OwnerReferences.Add(OwnerReferences.ToController(owner));
        return pod;
    }
}
