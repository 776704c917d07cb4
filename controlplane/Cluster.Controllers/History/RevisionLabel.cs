using Cluster.Api.CoreV1;

namespace Cluster.Controllers.History;

/// <summary>The label by which a pod tells of which revision it is.</summary>
internal static class RevisionLabel
{
    public const string Name = "controller-revision-hash";

    /// <summary>The pod's revision; empty: it tells none.</summary>
    public static string Of(Pod pod) => pod.Metadata.Labels.TryGetValue(Name, out var revision) ? revision : "";
}
