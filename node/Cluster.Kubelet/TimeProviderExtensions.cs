namespace Cluster.Kubelet;

internal static class TimeProviderExtensions
{
    /// <summary>Waits; cancellation ends it without an exception, for loops that test the token themselves.</summary>
    public static async Task DelayQuietly(this TimeProvider time, TimeSpan delay, CancellationToken cancellationToken) =>
        await Task.Delay(delay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
