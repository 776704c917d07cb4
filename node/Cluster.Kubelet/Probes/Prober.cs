using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.IntStr;
using Cluster.Containers;

namespace Cluster.Kubelet.Probes;

/// <summary>Carries out one probe, or one HTTP hook. Stateless; safe for concurrent use.</summary>
internal sealed class Prober : IDisposable
{
    // How much of a body a failed probe's message shows, and how much is read at all.
    private const int OutputLimit = 512;
    private const int BodyLimitBytes = 10 * 1024;

    private readonly IContainerRuntime runtime;
    private readonly HttpClient http;

    public Prober(IContainerRuntime runtime, string version)
    {
        this.runtime = runtime;
        http = new HttpClient(new SocketsHttpHandler
        {
            // Each probe asks anew whether a connection can be made.
            PooledConnectionLifetime = TimeSpan.Zero,
            AllowAutoRedirect = false,
            UseProxy = false,
#pragma warning disable CA5359 // Probes never verify, by the API's definition: they ask whether the server answers, not who it is.
            SslOptions =
            {
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
                // A container's certificate does not send us anywhere to look for its issuer.
                CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
            },
#pragma warning restore CA5359
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        var parts = version.TrimStart('v').Split('.');
        UserAgent = $"kube-probe/{parts[0]}.{parts[1]}";
    }

    private string UserAgent { get; }

    public async Task<ProbeResult> ProbeAsync(
        Container container, ProbeHandler handler, TimeSpan timeout, string containerId, string podIP, CancellationToken cancellationToken)
    {
        if (handler.Exec is { } exec) return await ExecAsync(containerId, exec, timeout, cancellationToken);
        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timed.CancelAfter(timeout);
        try
        {
            if (handler.HttpGet is { } get) return await GetAsync(container, get, podIP, timed.Token);
            if (handler.TcpSocket is { } tcp) return await ConnectAsync(container, tcp, podIP, timed.Token);
            return new ProbeResult(false, "this kind of probe is not supported on this node");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ProbeResult(false, $"no answer within {Durations.Text(timeout)} (context deadline exceeded)");
        }
        catch (Exception exception)
            when (exception is HttpRequestException or SocketException or IOException or UriFormatException or FormatException)
        {
            return new ProbeResult(false, exception.InnerException?.Message ?? exception.Message);
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<ProbeResult> ExecAsync(string containerId, ExecAction exec, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var done = await runtime.ExecAsync(containerId, exec.Command, timeout, cancellationToken);
            if (done.TimedOut)
                return new ProbeResult(
                    false, $"command timed out: \"{string.Join(' ', exec.Command)}\" timed out after {Durations.Text(timeout)}");
            return new ProbeResult(done.ExitCode == 0, done.Output);
        }
        catch (RuntimeException exception)
        {
            return new ProbeResult(false, exception.Message);
        }
    }

    private async Task<ProbeResult> GetAsync(Container container, HTTPGetAction get, string podIP, CancellationToken cancellationToken)
    {
        var scheme = get.Scheme.Length == 0 ? "http" : get.Scheme.ToLowerInvariant();
        var host = get.Host.Length == 0 ? podIP : get.Host;
        var bracketed = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        var path = get.Path.StartsWith('/') ? get.Path : "/" + get.Path;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{scheme}://{bracketed}:{Port(container, get.Port)}{path}");
        request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        request.Headers.TryAddWithoutValidation("Accept", "*/*");
        request.Headers.ConnectionClose = true;
        foreach (var header in get.HttpHeaders)
        {
            if (header.Name.Equals("Host", StringComparison.OrdinalIgnoreCase)) request.Headers.Host = header.Value;
            else request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var code = (int)response.StatusCode;
        if (code is >= 200 and < 400) return new ProbeResult(true, "");
        var body = await ReadAsync(response, cancellationToken);
        return new ProbeResult(false, $"HTTP probe failed with statuscode: {code}{(body.Length > 0 ? ": " + body : "")}");
    }

    private static async Task<string> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[BodyLimitBytes];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        var text = System.Text.Encoding.UTF8.GetString(buffer, 0, length).Trim();
        return text.Length <= OutputLimit ? text : text[..OutputLimit];
    }

    private static async Task<ProbeResult> ConnectAsync(
        Container container, TCPSocketAction tcp, string podIP, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(tcp.Host.Length == 0 ? podIP : tcp.Host, Port(container, tcp.Port), cancellationToken);
        return new ProbeResult(true, "");
    }

    private static int Port(Container container, IntOrString port)
    {
        if (port.IsInt()) return port.IntVal;
        var named = container.Ports.FirstOrDefault(candidate => candidate.Name == port.StrVal);
        return named?.ContainerPort_
            ?? (int.TryParse(port.StrVal, out var number) ? number : throw new FormatException($"couldn't find port: {port.StrVal}"));
    }
}
