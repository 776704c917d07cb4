using Cluster.Client;

namespace Cluster.ApiServer.Tests.Histories;

/// <summary>What a client was told, in the order it was told.</summary>
internal abstract record Observation(long Revision)
{
    /// <summary>A whole list: versions by namespace and name.</summary>
    public sealed record Listed(long Revision, IReadOnlyDictionary<string, long> Objects) : Observation(Revision);

    /// <summary>An event of a watch that went on after the observation before.</summary>
    public sealed record Seen(long Revision, ResourceEventType Type, string Key) : Observation(Revision);
}
