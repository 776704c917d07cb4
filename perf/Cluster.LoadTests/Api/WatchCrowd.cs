using System.Diagnostics;

namespace Cluster.LoadTests.Api;

/// <summary>Watches with a connection each, as nodes have them, that count the events they are sent.</summary>
internal sealed class WatchCrowd : IAsyncDisposable
{
    private const int ParallelOpens = 32;
    private const int BufferBytes = 64 * 1024;

    private readonly List<HttpMessageInvoker> _connections = [];
    private readonly List<HttpResponseMessage> _responses = [];
    private readonly List<Task> _reading = [];
    private readonly CancellationTokenSource _stop = new();
    private long _events;

    /// <summary>Events that have come to all of them together.</summary>
    public long Events => Interlocked.Read(ref _events);

    public async Task OpenAsync(MeasuredServer server, int count, string path, Version version)
    {
        var lockObject = new Lock();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = ParallelOpens }, async (_, cancellationToken) =>
        {
            HttpMessageInvoker connection = server.NewConnections();
            using HttpRequestMessage request = server.Request(HttpMethod.Get, path, version);
            HttpResponseMessage response = await connection.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            lock (lockObject)
            {
                _connections.Add(connection);
                _responses.Add(response);
                _reading.Add(Task.Run(() => ReadAsync(response), CancellationToken.None));
            }
        });
    }

    /// <summary>Waits until so many have come; false: not within the patience.</summary>
    public async Task<bool> WaitAsync(long events, TimeSpan patience)
    {
        long began = Stopwatch.GetTimestamp();
        while (Events < events)
        {
            if (Stopwatch.GetElapsedTime(began) > patience) return false;
            await Task.Delay(1);
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _responses.ForEach(response => response.Dispose());
        _connections.ForEach(connection => connection.Dispose());
        await Task.WhenAll(_reading);
        _stop.Dispose();
    }

    // An event is a line of JSON.
    private async Task ReadAsync(HttpResponseMessage response)
    {
        byte[] buffer = new byte[BufferBytes];
        try
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(_stop.Token);
            while (await body.ReadAsync(buffer, _stop.Token) is var count and > 0) Interlocked.Add(ref _events, buffer.AsSpan(0, count).Count((byte)'\n'));
        }
        catch (Exception ended) when (_stop.IsCancellationRequested && ended is IOException or OperationCanceledException or ObjectDisposedException or HttpRequestException)
        {
            // The measurement is over.
        }
    }
}
