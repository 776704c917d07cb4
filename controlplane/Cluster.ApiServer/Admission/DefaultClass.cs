using Cluster.Api;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>The class that an annotation makes the cluster's default.</summary>
internal static class DefaultClass
{
    /// <summary>Of several the newest, as in Kubernetes, and of those of one second the first by name; null where none is marked.</summary>
    /// <param name="reader">Where classes are found; what was just made may be missing.</param>
    /// <param name="marks">Annotations of which one must be <c>true</c>.</param>
    public static T? Newest<T>(IObjectReader reader, IReadOnlyList<string> marks)
        where T : class, IApiObject, new() =>
        reader.Snapshot(ResourceCatalog.For<T>()).Range("").Select(version => (T)version.Object)
            .Where(one => marks.Any(mark => one.Metadata.Annotations.TryGetValue(mark, out var value) && value == "true"))
            .OrderByDescending(one => one.Metadata.CreationTimestamp?.Seconds ?? 0)
            .ThenBy(one => one.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault();
}
