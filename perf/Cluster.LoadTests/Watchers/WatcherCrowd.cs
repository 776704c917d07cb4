using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Cluster.LoadTests.Watchers;

/// <summary>Watches over TLS, by turns a stream of HTTP/2 and a connection of HTTP/1.1.</summary>
internal sealed class WatcherCrowd : IDisposable
{
    private const string Mark = "\"tick\":\"";
    private const int StuckReceiveBytes = 32 * 1024;
    private const int ParallelOpens = 32;

    private readonly List<HttpClient> _clients = [];
    private readonly List<HttpResponseMessage> _responses = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _reading = [];
    private readonly Lock _lock = new();
    private readonly List<double> _delays = [];

    /// <summary>Milliseconds from before a change was sent until a reader had its event, of each delivery so far.</summary>
    public List<double> TakeDelays()
    {
        lock (_lock)
        {
            List<double> taken = [.. _delays];
            _delays.Clear();
            return taken;
        }
    }

    /// <summary>Opens watches of the ticker that are read.</summary>
    public async Task AddReadersAsync(WatchedServer server, int count)
    {
        foreach (HttpResponseMessage response in await OpenAsync(server, count, $"{WatchedServer.Objects}?watch=true&fieldSelector=metadata.name%3D{WatchedServer.Ticker}", null))
            _reading.Add(ReadAsync(response));
    }

    /// <summary>Opens watches of everything that nobody reads.</summary>
    public Task AddStuckAsync(WatchedServer server, int count) => OpenAsync(server, count, $"{WatchedServer.Objects}?watch=true", StuckReceiveBytes);

    public void Dispose()
    {
        _stop.Cancel();
        _responses.ForEach(response => response.Dispose());
        _clients.ForEach(client => client.Dispose());
        Task.WaitAll([.. _reading]);
        _stop.Dispose();
    }

    private async Task<HttpResponseMessage[]> OpenAsync(WatchedServer server, int count, string query, int? receiveBytes)
    {
        HttpClient[] clients = [server.Client(HttpVersion.Version20, receiveBytes), server.Client(HttpVersion.Version11, receiveBytes)];
        _clients.AddRange(clients);
        var responses = new HttpResponseMessage[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = ParallelOpens }, async (i, cancellationToken) =>
        {
            responses[i] = await clients[i % 2].GetAsync(new Uri(query, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            responses[i].EnsureSuccessStatusCode();
        });
        _responses.AddRange(responses);
        return responses;
    }

    private async Task ReadAsync(HttpResponseMessage response)
    {
        try
        {
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(_stop.Token));
            while (await lines.ReadLineAsync(_stop.Token) is { } line)
            {
                long now = Stopwatch.GetTimestamp();
                int at = line.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
                // The state a watch begins with is no event.
                if (long.TryParse(line.AsSpan(at, line.IndexOf('"', at) - at), CultureInfo.InvariantCulture, out long sent))
                    lock (_lock) _delays.Add(Stopwatch.GetElapsedTime(sent, now).TotalMilliseconds);
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or ObjectDisposedException or HttpRequestException && _stop.IsCancellationRequested)
        {
            // The measurement is over.
        }
    }
}
