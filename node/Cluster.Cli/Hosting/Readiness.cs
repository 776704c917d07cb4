using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;

namespace Cluster.Cli.Hosting;

/// <summary>Waits until a part of the cluster is ready, bounded in time.</summary>
internal static class Readiness
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    public static Task HttpAsync(string url, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        // Loopback only: no proxy of the environment stands between.
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };
        return UntilAsync(
            async () =>
            {
                using HttpResponseMessage answer = await http.GetAsync(url, cancellationToken);
                return answer.IsSuccessStatusCode;
            },
            url,
            limit,
            time,
            cancellationToken);
    }

    public static Task NodeAsync(IApiClient client, string name, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken) =>
        UntilAsync(
            async () => (await client.GetAsync<Node>(null, name, cancellationToken)).Status?.Conditions.Any(condition => condition is { Type: "Ready", Status: "True" }) == true,
            $"node {name}",
            limit,
            time,
            cancellationToken);

    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken) =>
        UntilAsync(() => Task.FromResult(condition()), what, limit, time, cancellationToken);

    private static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        long begin = time.GetTimestamp();
        string last = "";
        while (time.GetElapsedTime(begin) < limit)
        {
            try
            {
                if (await condition()) return;
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or StatusException || (failure is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                last = $" ({failure.Message})";
            }

            await Task.Delay(Period, time, cancellationToken);
        }

        throw new CliException($"{what} was not ready within {limit.TotalSeconds:0} s{last}: see the logs folder of the data folder");
    }
}
