namespace Cluster.Dataplane.Services;

/// <summary>When backends are put into the penalty box and for how long. Read at start.</summary>
public sealed record PenaltyBoxOptions
{
    /// <summary>Connections in a row that were not taken put a backend in. Fewer, and one lost packet could.</summary>
    public int Strikes { get; init; } = 3;

    /// <summary>After so long it is tried for the first time; each time in vain the next pause is twice as long.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the connection that tries it may take.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(1);
}
