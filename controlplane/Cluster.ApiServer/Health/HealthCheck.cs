namespace Cluster.ApiServer.Health;

/// <summary>One thing that must hold for the server to be well.</summary>
/// <param name="Name">As it stands in the verbose answer and in its own path.</param>
/// <param name="IsWellAsync">Whether it holds now.</param>
public sealed record HealthCheck(string Name, Func<CancellationToken, ValueTask<bool>> IsWellAsync)
{
    /// <summary>Holds whenever the server can answer at all.</summary>
    public static HealthCheck Ping { get; } = new("ping", _ => ValueTask.FromResult(true));
}
