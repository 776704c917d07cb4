using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cluster.LoadTests.Api;

namespace Cluster.LoadTests.Fairness;

/// <summary>A client that takes all it can get, in one of several ways, for a while. It is a process of its own, so that it cannot delay whoever measures.</summary>
internal sealed class GreedyLoad(Uri url, X509Certificate2 authority, X509Certificate2 client, CancellationToken stop)
{
    public const string Namespace = "greedy";

    private const string Pods = $"/api/v1/namespaces/{Namespace}/pods";
    private const int BufferBytes = 64 * 1024;

    private long _served, _refused, _cutOff, _next;
    private int _open, _mostOpen;

    /// <summary>The ways: name, title for readers, and how many at once.</summary>
    public static IReadOnlyList<(string Name, string Title, int Count)> All { get; } =
    [
        ("flood", "creates and gets at once, over 8 connections", 512),
        ("bodies", "bodies of 3 MB that come at 500 bytes a second, a connection each", 1_000),
        ("connections", "connections with TLS and no request, opened again when they are closed", 12_000),
        ("lists", "lists of all pods at once, one after the other", 64),
        ("watches", "watches of all pods from the beginning, each opened again after a second", 500),
    ];

    public GreedyOutcome Outcome => new(Interlocked.Read(ref _served), Interlocked.Read(ref _refused), Interlocked.Read(ref _cutOff), _mostOpen);

    /// <summary>Goes on until it is stopped.</summary>
    /// <exception cref="ArgumentException">There is no such way.</exception>
    public async Task RunAsync(string name)
    {
        int count = All.Single(load => load.Name == name).Count;
        using var connections = new HttpMessageInvoker(TlsHandlers.Create(authority, client));
        HttpMessageInvoker[] several = [.. Enumerable.Range(0, 8).Select(_ => new HttpMessageInvoker(TlsHandlers.Create(authority, client)))];
        Func<int, Task> step = name switch
        {
            "flood" => i => i % 2 == 0 ? SendAsync(several[i % 8], Create()) : SendAsync(several[i % 8], Request(HttpMethod.Get, $"{Pods}/{Api.Pods.Name("listed", i)}")),
            "bodies" => _ => SlowBodyAsync(),
            "connections" => _ => HoldAsync(),
            "lists" => i => SendAsync(several[i % 8], Request(HttpMethod.Get, Pods)),
            "watches" => i => WatchAsync(several[i % 8]),
            _ => throw new ArgumentException($"{name} is no such load", nameof(name)),
        };
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => Task.Run(() => RepeatAsync(step, i))));
        foreach (HttpMessageInvoker one in several) one.Dispose();
    }

    private async Task RepeatAsync(Func<int, Task> step, int i)
    {
        while (!stop.IsCancellationRequested)
        {
            Opened(1);
            try
            {
                await step(i);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception ended) when (ended is IOException or HttpRequestException or SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
            {
                Interlocked.Increment(ref _cutOff);
                // Its own descriptors or ports may be used up: no use in a loop that only burns its core.
                await Task.Delay(10, CancellationToken.None);
            }
            finally
            {
                Opened(-1);
            }
        }
    }

    private void Opened(int change)
    {
        int open = Interlocked.Add(ref _open, change);
        int most = Volatile.Read(ref _mostOpen);
        while (open > most && Interlocked.CompareExchange(ref _mostOpen, open, most) != most) most = Volatile.Read(ref _mostOpen);
    }

    private HttpRequestMessage Request(HttpMethod method, string path) =>
        new(method, new Uri(url, path)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private HttpRequestMessage Create()
    {
        HttpRequestMessage request = Request(HttpMethod.Post, Pods);
        request.Content = new ByteArrayContent(Api.Pods.Json($"{Environment.ProcessId}-{Interlocked.Increment(ref _next)}"));
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        return request;
    }

    private async Task SendAsync(HttpMessageInvoker connections, HttpRequestMessage request)
    {
        using (request)
        using (HttpResponseMessage response = await connections.SendAsync(request, stop))
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(stop);
            byte[] buffer = new byte[BufferBytes];
            while (await body.ReadAsync(buffer, stop) > 0)
            {
                // Only taken.
            }

            Count(response.StatusCode);
        }
    }

    private async Task WatchAsync(HttpMessageInvoker connections)
    {
        using HttpRequestMessage request = Request(HttpMethod.Get, Pods + "?watch=true");
        using HttpResponseMessage response = await connections.SendAsync(request, stop);
        await using Stream body = await response.Content.ReadAsStreamAsync(stop);
        using var second = CancellationTokenSource.CreateLinkedTokenSource(stop);
        second.CancelAfter(TimeSpan.FromSeconds(1));
        byte[] buffer = new byte[BufferBytes];
        try
        {
            while (await body.ReadAsync(buffer, second.Token) > 0)
            {
                // Only taken.
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // Enough of it.
        }

        Count(response.StatusCode);
    }

    private async Task SlowBodyAsync()
    {
        await using SslStream stream = await ConnectAsync();
        string head = $"POST {Pods} HTTP/1.1\r\nHost: {url.Authority}\r\nContent-Type: application/json\r\nContent-Length: 3000000\r\n\r\n{{";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), stop);
        byte[] answer = new byte[512];
        ValueTask<int> answering = stream.ReadAsync(answer, stop);
        Task<int> reading = answering.AsTask();
        while (!reading.IsCompleted)
        {
            await stream.WriteAsync(new byte[250], stop);
            await Task.WhenAny(reading, Task.Delay(500, stop));
            stop.ThrowIfCancellationRequested();
        }

        int read = await reading;
        if (read == 0) throw new IOException("closed");
        bool refused = Encoding.ASCII.GetString(answer, 0, read).StartsWith("HTTP/1.1 429", StringComparison.Ordinal);
        Interlocked.Increment(ref refused ? ref _refused : ref _cutOff);
    }

    private async Task HoldAsync()
    {
        await using SslStream stream = await ConnectAsync();
        Interlocked.Increment(ref _served);
        if (await stream.ReadAsync(new byte[1], stop) == 0) throw new IOException("closed");
    }

    private async Task<SslStream> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, url.Port, stop);
            var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "127.0.0.1",
                    ClientCertificateContext = SslStreamCertificateContext.Create(client, additionalCertificates: null, offline: true),
                    CertificateChainPolicy = Trust(),
                },
                stop);
            return stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private X509ChainPolicy Trust()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(authority);
        return policy;
    }

    private void Count(HttpStatusCode code)
    {
        if (code == HttpStatusCode.TooManyRequests) Interlocked.Increment(ref _refused);
        else if ((int)code < 400) Interlocked.Increment(ref _served);
        else Interlocked.Increment(ref _cutOff);
    }
}
