using Cluster.Api.BatchV1;

namespace Cluster.Api.Validation;

/// <summary>The labels a job's pods bear, so that no two jobs ever share one: by its identity, and by its name for people.</summary>
public static class JobLabels
{
    /// <summary>The one the generated selector asks for.</summary>
    public const string ControllerUid = "batch.kubernetes.io/controller-uid";

    /// <summary>Every label, the names of earlier releases among them.</summary>
    public static IDictionary<string, string> Of(Job job)
    {
        var (uid, name) = (job.Metadata?.Uid ?? "", job.Metadata?.Name ?? "");
        return new Dictionary<string, string>
        {
            ["controller-uid"] = uid, ["job-name"] = name, [ControllerUid] = uid, ["batch.kubernetes.io/job-name"] = name,
        };
    }
}
