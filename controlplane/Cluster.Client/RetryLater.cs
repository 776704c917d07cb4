using Cluster.Api;

namespace Cluster.Client;

/// <summary>Sends a request again when the server asks for that: 429 or 503 with a number of seconds.</summary>
internal static class RetryLater
{
    /// <summary>However long the server asks, a caller does not wait longer for one try.</summary>
    private const int MaxWaitSeconds = 30;

    public static async Task<T> RunAsync<T>(Func<Task<T>> request, ApiClientOptions options, CancellationToken cancellationToken)
    {
        for (var retries = 0; ; retries++)
        {
            try
            {
                return await request();
            }
            catch (StatusException e) when (retries < options.MaxRetries && Seconds(e) > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(Seconds(e), MaxWaitSeconds)), options.Time, cancellationToken);
            }
        }
    }

    private static int Seconds(StatusException e) => e.Code is 429 or 503 ? e.Status.Details?.RetryAfterSeconds ?? 0 : 0;
}
