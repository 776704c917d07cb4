using System.Globalization;
using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Framework;
using Cluster.Controllers.History;
using Cluster.Controllers.Replication;

namespace Cluster.Controllers.StatefulSets;

/// <summary>What a pod of a stateful set keeps over all its lives: its number, its name and its claims.</summary>
internal static class StatefulIdentity
{
    private const string NameLabel = "statefulset.kubernetes.io/pod-name";
    private const string IndexLabel = "apps.kubernetes.io/pod-index";

    /// <summary>The number in the pod's name, or null: it is none of the set's names.</summary>
    public static int? OrdinalOf(StatefulSet set, string pod) =>
        pod.StartsWith(set.Metadata.Name + "-", StringComparison.Ordinal)
        && int.TryParse(pod.AsSpan(set.Metadata.Name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal) ? ordinal : null;

    /// <summary>The pod of a number, made from the template of a revision.</summary>
    public static Pod Make(StatefulSet set, PodTemplateSpec template, string revision, int ordinal)
    {
        var pod = PodMaker.FromTemplate(template, set);
        var name = $"{set.Metadata.Name}-{ordinal.ToString(CultureInfo.InvariantCulture)}";
        pod.Metadata.GenerateName = "";
        pod.Metadata.Name = name;
        pod.Metadata.Labels[NameLabel] = name;
        pod.Metadata.Labels[IndexLabel] = ordinal.ToString(CultureInfo.InvariantCulture);
        pod.Metadata.Labels[RevisionLabel.Name] = revision;
        pod.Spec.Hostname = name;
        pod.Spec.Subdomain = set.Spec.ServiceName;
        foreach (var (claimTemplate, claim) in set.Spec.VolumeClaimTemplates.Zip(Claims(set, ordinal)))
        {
            var volume = claimTemplate.Metadata.Name;
            if (pod.Spec.Volumes.FirstOrDefault(one => one.Name == volume) is { } shadowed)
            {
                pod.Spec.Volumes.Remove(shadowed);
            }

            pod.Spec.Volumes.Add(new Volume
            {
                Name = volume, VolumeSource = new() { PersistentVolumeClaim = new() { ClaimName = claim.Metadata.Name } },
            });
        }

        return pod;
    }

    /// <summary>The claims of a number, in the order of their templates. They outlive the pod, and the set.</summary>
    public static IEnumerable<PersistentVolumeClaim> Claims(StatefulSet set, int ordinal) => set.Spec.VolumeClaimTemplates.Select(template =>
    {
        var claim = template.Clone();
        claim.Metadata = new()
        {
            Namespace = set.Metadata.Namespace,
            Name = $"{template.Metadata.Name}-{set.Metadata.Name}-{ordinal.ToString(CultureInfo.InvariantCulture)}",
            Labels = { template.Metadata.Labels },
            Annotations = { template.Metadata.Annotations },
        };
        foreach (var (key, value) in set.Spec.Selector?.MatchLabels ?? [])
        {
            claim.Metadata.Labels[key] = value;
        }

        claim.Status = null;
        return claim;
    });
}
