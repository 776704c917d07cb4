using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.EndToEnd.Tests;

/// <summary>Clients that notice whatever goes wrong: the first failure of any is kept, and ends that client.</summary>
/// <remarks>Nothing is tried again: a connection refused or reset, an answer that is missing or another's, a session whose backend sees another port is a failure.</remarks>
internal sealed class SteadyClients : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(3);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly List<string> _failures = [];
    private readonly IPEndPoint _service;
    private long _exchanges;
    private long _connections;

    /// <param name="port">Of the TCP and the UDP service.</param>
    /// <param name="each">Clients of each kind.</param>
    /// <param name="healthPort">Of <c>/healthz</c>; 0: nobody asks for it.</param>
    public SteadyClients(int port, int each, int healthPort = 0)
        : this(new IPEndPoint(IPAddress.Loopback, port), each, healthPort)
    {
    }

    /// <param name="service">Where the TCP and the UDP service are.</param>
    /// <param name="each">Clients of each kind.</param>
    /// <param name="healthPort">Of <c>/healthz</c>; 0: nobody asks for it.</param>
    public SteadyClients(IPEndPoint service, int each, int healthPort = 0)
    {
        _service = service;
        if (healthPort > 0) _running.Add(RunAsync("health", () => StayHealthyAsync(healthPort)));
        for (int i = 0; i < each; i++)
        {
            _running.Add(RunAsync("keep-alive connection", StayConnectedAsync));
            _running.Add(RunAsync("connection per request", ConnectAgainAsync));
            _running.Add(RunAsync("UDP session", StayInSessionAsync));
        }
    }

    /// <summary>Requests answered so far.</summary>
    public long Exchanges => Interlocked.Read(ref _exchanges);

    /// <summary>Connections made for one request each.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    /// <summary>Ports that connections were made from.</summary>
    public ConcurrentQueue<int> LocalPorts { get; } = new();

    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_failures) return [.. _failures];
        }
    }

    /// <summary>Ends all clients; returns what went wrong.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        return Failures;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(string kind, Func<Task> client)
    {
        try
        {
            await client();
        }
        catch (Exception failure)
        {
            lock (_failures) _failures.Add($"{kind}: {failure.GetType().Name}: {failure.Message}");
        }
    }

    private async Task StayConnectedAsync()
    {
        using TcpClient client = await ConnectAsync();
        while (!_stop.IsCancellationRequested) await ExchangeAsync(client);
    }

    private async Task ConnectAgainAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using TcpClient client = await ConnectAsync();
            Interlocked.Increment(ref _connections);
            await ExchangeAsync(client);
        }
    }

    private async Task StayInSessionAsync()
    {
        using var client = new UdpClient(_service.AddressFamily);
        client.Connect(_service);
        string? source = null;
        while (!_stop.IsCancellationRequested)
        {
            string question = Next();
            await client.SendAsync(Encoding.ASCII.GetBytes(question), CancellationToken.None);
            string[] answer = Encoding.ASCII.GetString((await client.ReceiveAsync(CancellationToken.None).AsTask().WaitAsync(Patience)).Buffer).Split(' ');
            source ??= answer[0];
            if (answer[0] != source) throw new InvalidDataException($"the backend saw port {answer[0]} instead of {source}");
            if (answer[1] != question) throw new InvalidDataException($"{answer[1]} came instead of {question}");
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private async Task StayHealthyAsync(int port)
    {
        while (!_stop.IsCancellationRequested)
        {
            using var http = new HttpClient { Timeout = Patience };
            if (await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/healthz"), CancellationToken.None) is not ("ok" or [ '{', .. ])) throw new InvalidDataException("not healthy");
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(_service, CancellationToken.None).AsTask().WaitAsync(Patience);
        LocalPorts.Enqueue(((IPEndPoint)client.Client.LocalEndPoint!).Port);
        return client;
    }

    private async Task ExchangeAsync(TcpClient client)
    {
        byte[] question = Encoding.ASCII.GetBytes(Next());
        await client.GetStream().WriteAsync(question, CancellationToken.None);
        var answer = new byte[question.Length];
        await client.GetStream().ReadExactlyAsync(answer, CancellationToken.None).AsTask().WaitAsync(Patience);
        if (!answer.AsSpan().SequenceEqual(question)) throw new InvalidDataException("another answer than the one to the question");
        await Task.Delay(Pause, CancellationToken.None);
    }

    private string Next() => string.Create(CultureInfo.InvariantCulture, $"question-{Interlocked.Increment(ref _exchanges)}");
}
