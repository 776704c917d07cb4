using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>Which pods of a namespace violate what its labels are about to enforce: they stay, and whoever sets the label is to know.</summary>
internal sealed class ExistingPods(IObjectReader reader, TimeProvider time)
{
    private const int MostChecked = 3000;

    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(1);

    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();

    /// <summary>The warnings. It looks at some thousands for a second, at one of each controller first, as their others are like it.</summary>
    public IReadOnlyList<string> Warnings(string ns, PodSecurityPolicy enforce)
    {
        var all = reader.Snapshot(Pods).Range(Pods.Key(ns, "")).ToList();
        var found = new Dictionary<string, (string First, int Count)>(StringComparer.Ordinal);
        var isChecked = 0;
        var started = time.GetTimestamp();
        foreach (var pod in OneOfEachFirst(all))
        {
            if (isChecked == MostChecked || (isChecked > 0 && time.GetElapsedTime(started) > MostTime))
                break;
            isChecked++;
            Note(found, pod, enforce);
        }

        List<string> warnings = [];
        if (isChecked < all.Count)
            warnings.Add($"new PodSecurity enforce level only checked against the first {isChecked} of {all.Count} existing pods");
        if (found.Count > 0)
            warnings.Add($"existing pods in namespace {GoText.Quote(ns)} violate the new PodSecurity enforce level {GoText.Quote(enforce.ToString())}");
        warnings.AddRange(found.Select(one => $"{one.Value.First}{Others(one.Value.Count - 1)}: {one.Key}").Order(StringComparer.Ordinal));
        return warnings;
    }

    private static void Note(Dictionary<string, (string First, int Count)> found, Pod pod, PodSecurityPolicy enforce)
    {
        if (pod.Spec is null || PodSecurityStandards.Violations(enforce, new PodSubject(pod.Metadata, pod.Spec)) is not { Count: > 0 } violations)
            return;
        var reasons = Violation.Reasons(violations);
        var name = pod.Metadata.Name;
        found[reasons] = found.TryGetValue(reasons, out var seen)
            ? (string.CompareOrdinal(name, seen.First) < 0 ? name : seen.First, seen.Count + 1) : (name, 1);
    }

    private static IEnumerable<Pod> OneOfEachFirst(List<ObjectVersion> all)
    {
        HashSet<string> controllers = new(StringComparer.Ordinal);
        List<ObjectVersion> others = [];
        foreach (var version in all)
        {
            var pod = (Pod)version.Object;
            if (pod.Metadata.OwnerReferences.FirstOrDefault(owner => owner.Controller) is not { } owner || controllers.Add(owner.Uid))
                yield return pod;
            else
                others.Add(version);
        }

        foreach (var version in others)
            yield return (Pod)version.Object;
    }

    private static string Others(int count) => count switch
    {
        0 => "",
        1 => " (and 1 other pod)",
        _ => $" (and {count} other pods)",
    };
}
