using System.Diagnostics;
using System.Net;
using Cluster.LoadTests.Api;

namespace Cluster.LoadTests.Fairness;

/// <summary>A client that asks for single objects at a fixed rate, whatever became of the request before: by turns it creates one and gets one.</summary>
internal sealed class QuietClient(MeasuredServer server)
{
    public const string Namespace = "quiet";

    private const string Pods = $"/api/v1/namespaces/{Namespace}/pods";

    private long _next;

    public async Task<(List<double> Gets, List<double> Creates, int Failures)> RunAsync(TimeSpan duration, double rate)
    {
        List<Task<double?>> gets = [], creates = [];
        long began = Stopwatch.GetTimestamp();
        var interval = TimeSpan.FromSeconds(1 / rate);
        for (int sent = 0; Stopwatch.GetElapsedTime(began) < duration; sent++)
        {
            // From when it should have been sent: a wait before that counts too.
            long due = began + (long)(interval.TotalSeconds * sent * Stopwatch.Frequency);
            TimeSpan wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (wait > TimeSpan.Zero) await Task.Delay(wait);
            due = Math.Max(due, Stopwatch.GetTimestamp());
            if (sent % 2 == 0) creates.Add(SendAsync(HttpMethod.Post, Pods, Api.Pods.Json(Api.Pods.Name("quiet", _next++)), due));
            else gets.Add(SendAsync(HttpMethod.Get, $"{Pods}/{Api.Pods.Name("quiet", 0)}", null, due));
        }

        List<double> got = [.. (await Task.WhenAll(gets)).OfType<double>()], created = [.. (await Task.WhenAll(creates)).OfType<double>()];
        return (got, created, gets.Count + creates.Count - got.Count - created.Count);
    }

    // Milliseconds; null: it failed.
    private async Task<double?> SendAsync(HttpMethod method, string path, byte[]? body, long due)
    {
        try
        {
            using HttpRequestMessage request = server.Request(method, path, HttpVersion.Version20, body);
            using HttpResponseMessage response = await server.Shared(HttpVersion.Version20).SendAsync(request, CancellationToken.None);
            await response.Content.ReadAsByteArrayAsync();
            return response.IsSuccessStatusCode ? Stopwatch.GetElapsedTime(due).TotalMilliseconds : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
