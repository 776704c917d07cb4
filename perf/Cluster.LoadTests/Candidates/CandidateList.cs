namespace Cluster.LoadTests.Candidates;

/// <summary>All candidates, in the order of the report.</summary>
internal static class CandidateList
{
    /// <summary>What ratios refer to.</summary>
    public const string Direct = "direct";

    /// <summary>The peer that ratios refer to.</summary>
    public const string Haproxy = "haproxy";

    /// <summary>The peer that ratios of UDP refer to, where HAProxy has nothing to offer.</summary>
    public const string Nginx = "nginx";

    public static IReadOnlyList<Candidate> All { get; } =
    [
        new DirectCandidate(),
        new HaproxyCandidate(),
        new NginxCandidate(),
        new NftablesCandidate(),
        new ClusterCandidate("loop", "cluster, loop path", "loop", inlineCompletions: true),
        new ClusterCandidate("managed", "cluster, managed path", "managed", inlineCompletions: true),
        new ClusterCandidate("managed-queued", "cluster, managed path, completions not inline", "managed", inlineCompletions: false),
        // Its programs act for sockets of its own namespace alone, so that the others are not measured with them.
        new ClusterCandidate("connect", "cluster, connect-time path", "connect", inlineCompletions: true, ownNamespace: true),
    ];
}
