namespace Cluster.Dataplane.Health;

/// <summary>How a service port's backends are asked whether they answer. Immutable, compared by value.</summary>
public sealed record HealthCheck
{
    /// <summary>The path that is asked for over HTTP, on the backend's own port; null: a TCP connection is enough.</summary>
    public string? HttpPath { get; init; }

    /// <summary>From one check of a backend to its next.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A backend that has not answered by then has failed the check.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Checks passed in a row that bring a backend back.</summary>
    public int Rise { get; init; } = 2;

    /// <summary>Checks failed in a row that leave a backend out.</summary>
    public int Fall { get; init; } = 3;
}
