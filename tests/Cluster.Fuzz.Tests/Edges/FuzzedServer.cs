using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;
using Microsoft.Extensions.Logging;

namespace Cluster.Fuzz.Tests.Edges;

/// <summary>A real API server with everything on that looks at requests, and ways to send it anything.</summary>
public sealed class FuzzedServer : IAsyncLifetime
{
    private const long MostHeldBytes = 512L << 20;

    /// <summary>Of a watch so much is looked at.</summary>
    private static readonly TimeSpan WatchTime = TimeSpan.FromSeconds(1);

    /// <summary>Whatever a client sends, the server has no reason for an error.</summary>
    private readonly RecordedLog _errors = new(LogLevel.Error);
    private readonly TempDirectory _folder = new();
    private ApiServerRig _rig = null!;

    /// <summary>The administrator, to whom nothing is forbidden.</summary>
    public HttpClient Client => _rig.Admin;

    /// <summary>The server's, whatever the path looks like: one of two slashes names another host otherwise.</summary>
    public Uri At(string path) => new(_rig.Url.GetLeftPart(UriPartial.Authority) + path);

    public async ValueTask InitializeAsync()
    {
        var policy = Path.Combine(_folder.Path, "policy.yaml");
        await File.WriteAllTextAsync(policy, "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: RequestResponse}]}");
        _rig = new ApiServerRig { Logs = _errors, Audit = new AuditLogOptions(Path.Combine(_folder.Path, "audit.log")) { PolicyFile = policy, MaxBytes = 10 << 20, MaxBackups = 1 } };
        await _rig.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Sends bytes on a connection of its own, ends it, and returns what came.</summary>
    /// <param name="input">What is sent.</param>
    /// <param name="protocol">That TLS agrees on.</param>
    public async Task<byte[]> SendAsync(byte[] input, SslApplicationProtocol protocol)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _rig.Url.Port));
        await using var tls = new SslStream(new NetworkStream(socket));
        using var handler = _rig.Handler("admin");
        handler.SslOptions.TargetHost = "127.0.0.1";
        handler.SslOptions.ApplicationProtocols = [protocol];
        await tls.AuthenticateAsClientAsync(handler.SslOptions);
        using var answer = new MemoryStream();
        try
        {
            await tls.WriteAsync(input);
            await tls.ShutdownAsync();
            using var enough = new CancellationTokenSource(input.AsSpan().IndexOf("watch"u8) < 0 ? Timeout.InfiniteTimeSpan : WatchTime);
            await tls.CopyToAsync(answer, enough.Token);
        }
        catch (Exception end) when (end is IOException or OperationCanceledException)
        {
            // Cut off, which is an answer too; or a watch, which does not end by itself.
        }

        return answer.ToArray();
    }

    /// <summary>The server has nothing to be ashamed of, and goes on.</summary>
    public async Task CheckAsync()
    {
        using var ready = await Client.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        var errors = _errors.Take();
        Assert.True(errors.Length == 0, errors);
    }

    /// <summary>At the end: what it keeps is bounded.</summary>
    public static void CheckMemory() => Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, MostHeldBytes);
}
