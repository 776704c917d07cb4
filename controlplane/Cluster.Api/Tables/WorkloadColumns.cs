using Cluster.Api.AppsV1;
using Cluster.Api.AutoscalingV1;
using Cluster.Api.CoreV1;

namespace Cluster.Api.Tables;

/// <summary>The kinds that keep a number of pods.</summary>
internal static class WorkloadColumns
{
    private const string Containers = "Names of the template's containers.";
    private const string Images = "Images of the template's containers.";
    private const string Selected = "The labels that make a pod one of this object's.";
    private const string Wanted = "Pods wanted.";
    private const string Existing = "Pods that exist.";
    private const string ReadyPods = "Pods that are ready.";

    public static TableColumns OfPodTemplate() => new TableBuilder<PodTemplate>()
        .Name()
        .Text("Containers", Containers, template => CellText.ContainerNames(template.Template))
        .Text("Images", Images, template => CellText.ContainerImages(template.Template))
        .Text("Pod Labels", "Labels of the pods to be made.", template => CellText.Labels(template.Template?.Metadata?.Labels))
        .Build();

    public static TableColumns OfReplicationController() => new TableBuilder<ReplicationController>()
        .Name()
        .Number("Desired", Wanted, rc => rc.Spec?.Replicas ?? 0)
        .Number("Current", Existing, rc => rc.Status?.Replicas ?? 0)
        .Number("Ready", ReadyPods, rc => rc.Status?.ReadyReplicas ?? 0)
        .Age()
        .Wide("Containers", Containers, rc => CellText.ContainerNames(rc.Spec?.Template))
        .Wide("Images", Images, rc => CellText.ContainerImages(rc.Spec?.Template))
        .Wide("Selector", Selected, rc => CellText.Labels(rc.Spec?.Selector))
        .Build();

    public static TableColumns OfReplicaSet() => new TableBuilder<ReplicaSet>()
        .Name()
        .Number("Desired", Wanted, rs => rs.Spec?.Replicas ?? 0)
        .Number("Current", Existing, rs => rs.Status?.Replicas ?? 0)
        .Number("Ready", ReadyPods, rs => rs.Status?.ReadyReplicas ?? 0)
        .Age()
        .Wide("Containers", Containers, rs => CellText.ContainerNames(rs.Spec?.Template))
        .Wide("Images", Images, rs => CellText.ContainerImages(rs.Spec?.Template))
        .Wide("Selector", Selected, rs => CellText.Selector(rs.Spec?.Selector))
        .Build();

    public static TableColumns OfDeployment() => new TableBuilder<Deployment>()
        .Name()
        .Text("Ready", "Pods that are ready, of those wanted.", d => $"{d.Status?.ReadyReplicas ?? 0}/{d.Spec?.Replicas ?? 0}")
        .Number("Up-to-date", "Pods made from the present template.", d => d.Status?.UpdatedReplicas ?? 0)
        .Number("Available", "Pods that have been ready for long enough.", d => d.Status?.AvailableReplicas ?? 0)
        .Age()
        .Wide("Containers", Containers, d => CellText.ContainerNames(d.Spec?.Template))
        .Wide("Images", Images, d => CellText.ContainerImages(d.Spec?.Template))
        .Wide("Selector", Selected, d => CellText.Selector(d.Spec?.Selector))
        .Build();

    public static TableColumns OfStatefulSet() => new TableBuilder<StatefulSet>()
        .Name()
        .Text("Ready", "Pods that are ready, of those wanted.", set => $"{set.Status?.ReadyReplicas ?? 0}/{set.Spec?.Replicas ?? 0}")
        .Age()
        .Wide("Containers", Containers, set => CellText.ContainerNames(set.Spec?.Template))
        .Wide("Images", Images, set => CellText.ContainerImages(set.Spec?.Template))
        .Build();

    public static TableColumns OfDaemonSet() => new TableBuilder<DaemonSet>()
        .Name()
        .Number("Desired", "Nodes that should run a pod.", set => set.Status?.DesiredNumberScheduled ?? 0)
        .Number("Current", "Nodes that have a pod.", set => set.Status?.CurrentNumberScheduled ?? 0)
        .Number("Ready", ReadyPods, set => set.Status?.NumberReady ?? 0)
        .Number("Up-to-date", "Pods made from the present template.", set => set.Status?.UpdatedNumberScheduled ?? 0)
        .Number("Available", "Pods that have been ready for long enough.", set => set.Status?.NumberAvailable ?? 0)
        .Text("Node Selector", "The labels of the nodes it is for.", set => CellText.Labels(set.Spec?.Template?.Spec?.NodeSelector))
        .Age()
        .Wide("Containers", Containers, set => CellText.ContainerNames(set.Spec?.Template))
        .Wide("Images", Images, set => CellText.ContainerImages(set.Spec?.Template))
        .Wide("Selector", Selected, set => CellText.Selector(set.Spec?.Selector))
        .Build();

    public static TableColumns OfControllerRevision() => new TableBuilder<ControllerRevision>()
        .Name()
        .Text("Controller", "The object whose history it belongs to.", revision => CellText.Controller(revision))
        .Add("Revision", "integer", "", "Its place in that history.", 0, (revision, _) => revision.Revision)
        .Age()
        .Build();

    public static TableColumns OfScale() => new TableBuilder<Scale>()
        .Name()
        .Number("Desired", Wanted, scale => scale.Spec?.Replicas ?? 0)
        .Number("Available", Existing, scale => scale.Status?.Replicas ?? 0)
        .Age()
        .Build();
}
