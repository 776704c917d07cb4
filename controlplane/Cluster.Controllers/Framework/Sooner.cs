namespace Cluster.Controllers.Framework;

/// <summary>The next of the times at which a controller wants to look again.</summary>
internal static class Sooner
{
    /// <summary>The shorter of two waits; null stands for none.</summary>
    public static TimeSpan? Of(TimeSpan? one, TimeSpan? other) => one < other ? one : other ?? one;
}
