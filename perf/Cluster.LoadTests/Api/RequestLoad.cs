using System.Diagnostics;

namespace Cluster.LoadTests.Api;

/// <summary>Requests of which a number is always under way: each one that is answered is followed by the next.</summary>
internal static class RequestLoad
{
    private const int BufferBytes = 256 * 1024;

    /// <param name="connections">What they go through.</param>
    /// <param name="concurrency">So many at once.</param>
    /// <param name="next">The next request; null: no more.</param>
    public static async Task<LoadOutcome> RunAsync(HttpMessageInvoker connections, int concurrency, Func<HttpRequestMessage?> next)
    {
        LoadOutcome[] all = await Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(() => OneAsync(connections, next))));
        return new LoadOutcome(all.Sum(one => one.Operations), all.Sum(one => one.Failures), [.. all.SelectMany(one => one.LatenciesMs)]);
    }

    private static async Task<LoadOutcome> OneAsync(HttpMessageInvoker connections, Func<HttpRequestMessage?> next)
    {
        List<double> latencies = [];
        long failures = 0;
        byte[] buffer = new byte[BufferBytes];
        while (next() is { } request)
        {
            long began = Stopwatch.GetTimestamp();
            using (request)
            using (HttpResponseMessage response = await connections.SendAsync(request, CancellationToken.None))
            {
                await using Stream body = await response.Content.ReadAsStreamAsync();
                while (await body.ReadAsync(buffer) > 0)
                {
                    // Only taken: the client is to be cheap.
                }

                if (!response.IsSuccessStatusCode) failures++;
            }

            latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return new LoadOutcome(latencies.Count - failures, failures, latencies);
    }
}
