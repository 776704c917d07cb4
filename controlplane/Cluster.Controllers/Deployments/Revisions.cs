using System.Globalization;
using Cluster.Api;
using Cluster.Api.AppsV1;
using Google.Protobuf.Collections;

namespace Cluster.Controllers.Deployments;

/// <summary>The annotations by which a deployment's sets carry their history; kubectl rollout reads and writes them.</summary>
internal static class Revisions
{
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string History = "deployment.kubernetes.io/revision-history";
    public const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";
    public const string MaxReplicas = "deployment.kubernetes.io/max-replicas";

    /// <summary>What kubectl apply remembers, and what belongs to one object alone, is not copied to the sets.</summary>
    private static readonly HashSet<string> NotCopied =
        ["kubectl.kubernetes.io/last-applied-configuration", Revision, History, DesiredReplicas, MaxReplicas, "deprecated.deployment.rollback.to"];

    /// <summary>Bound of the history annotation.</summary>
    private const int MaxHistoryLength = 2000;

    public static long Of(IApiObject obj) => Number(obj.Metadata.Annotations, Revision) ?? 0;

    /// <summary>The deployment's wanted number when the set was last scaled, or null.</summary>
    public static long? Desired(ReplicaSet set) => Number(set.Metadata.Annotations, DesiredReplicas);

    /// <summary>The most pods the deployment might have had then, or null.</summary>
    public static long? Max(ReplicaSet set) => Number(set.Metadata.Annotations, MaxReplicas);

    /// <summary>Gives the deployment's newest set its revision and the deployment's annotations; true if that changed anything.</summary>
    public static bool Mark(ReplicaSet set, Deployment deployment, long revision)
    {
        var changed = CopyAnnotations(set, deployment);
        var annotations = set.Metadata.Annotations;
        var old = Of(set);
        if (old >= revision)
        {
            return changed;
        }

        if (old > 0)
        {
            var history = annotations.TryGetValue(History, out var past) && past.Length > 0 ? $"{past},{old}" : $"{old}";
            annotations[History] = history.Length <= MaxHistoryLength ? history : history[(history.IndexOf(',', StringComparison.Ordinal) + 1)..];
        }

        annotations[Revision] = Text(revision);
        return true;
    }

    /// <summary>Notes the size the deployment had when the set was scaled; true if that changed anything.</summary>
    public static bool MarkSize(ReplicaSet set, Deployment deployment)
    {
        var desired = deployment.Wanted();
        var max = desired + deployment.MaxSurge();
        if (Desired(set) == desired && Max(set) == max)
        {
            return false;
        }

        set.Metadata.Annotations[DesiredReplicas] = Text(desired);
        set.Metadata.Annotations[MaxReplicas] = Text(max);
        return true;
    }

    private static bool CopyAnnotations(ReplicaSet set, Deployment deployment)
    {
        var changed = false;
        foreach (var (key, value) in deployment.Metadata.Annotations)
        {
            if (!NotCopied.Contains(key) && (!set.Metadata.Annotations.TryGetValue(key, out var old) || old != value))
            {
                set.Metadata.Annotations[key] = value;
                changed = true;
            }
        }

        return changed;
    }

    private static long? Number(MapField<string, string> annotations, string key) =>
        annotations.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
