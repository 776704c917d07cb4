using System.Globalization;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Jobs;

/// <summary>The numbers of an indexed job's pods: each index is to succeed once.</summary>
internal static class CompletionIndexes
{
    public const string Annotation = "batch.kubernetes.io/job-completion-index";

    private const string Variable = "JOB_COMPLETION_INDEX";

    public static bool AreUsed(Job job) => job.Spec.CompletionMode == "Indexed";

    /// <summary>The pod's index, or null: it has none that the job knows.</summary>
    public static int? Of(Job job, Pod pod) =>
        pod.Metadata.Annotations.TryGetValue(Annotation, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < job.Spec.Completions ? index : null;

    /// <summary>Makes the pod that of an index: name, host name, annotation, label and variable say so.</summary>
    public static void Give(Job job, Pod pod, int index)
    {
        var number = index.ToString(CultureInfo.InvariantCulture);
        pod.Metadata.GenerateName = $"{job.Metadata.Name}-{number}-";
        pod.Metadata.Annotations[Annotation] = number;
        pod.Metadata.Labels[Annotation] = number;
        pod.Spec.Hostname = $"{job.Metadata.Name}-{number}";
        foreach (var container in pod.Spec.InitContainers.Concat(pod.Spec.Containers).Where(container => container.Env.All(env => env.Name != Variable)))
        {
            container.Env.Add(new EnvVar
            {
                Name = Variable, ValueFrom = new() { FieldRef = new() { ApiVersion = "v1", FieldPath = $"metadata.annotations['{Annotation}']" } },
            });
        }
    }

    /// <summary>Reads what <see cref="Text"/> writes; what is no index below <paramref name="completions"/> is left out.</summary>
    public static HashSet<int> Parse(string text, int completions)
    {
        HashSet<int> indexes = [];
        var next = 0;
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last))
            {
                // In ascending order, as they are written: nobody's text makes more work than there are indexes.
                for (next = Math.Max(first, next); next <= last && next < completions; next++)
                {
                    indexes.Add(next);
                }
            }
        }

        return indexes;
    }

    /// <summary>Indexes as a status holds them: <c>0,2-4,7</c>.</summary>
    public static string Text(IEnumerable<int> indexes)
    {
        List<(int First, int Last)> ranges = [];
        foreach (var index in indexes.Order())
        {
            if (ranges.Count > 0 && ranges[^1].Last == index - 1)
            {
                ranges[^1] = (ranges[^1].First, index);
            }
            else
            {
                ranges.Add((index, index));
            }
        }

        return string.Join(',', ranges.Select(range =>
            range.First == range.Last ? $"{range.First}" : range.Last == range.First + 1 ? $"{range.First},{range.Last}" : $"{range.First}-{range.Last}"));
    }
}
