using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Handover;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Proxy.Tests;

/// <summary>A proxy against an API server in memory, on the real host but in ranges of its own.</summary>
internal sealed class ProxyRig : IAsyncDisposable
{
    private static int _count;
    private readonly CancellationTokenSource _stop = new();
    private readonly int _number = Interlocked.Increment(ref _count);
    private Task _running = Task.CompletedTask;

    public ProxyRig(FakeApiClient? api = null)
    {
        Api = api ?? new FakeApiClient();
        Options = new ProxyOptions
        {
            NodeName = "here",
            ServiceRanges = [IPNetwork.Parse($"10.197.{_number}.0/24"), IPNetwork.Parse($"fd00:10:197:{_number}::/112")],
            Table = $"cluster_proxy_test_{_number}",
            PinPath = Path.Combine(Path.GetTempPath(), $"cluster-proxy-test-{Environment.ProcessId}-{_number}"),
            ReturnMark = 1u << (8 + (_number % 20)),
            ReturnTable = (byte)(110 + (_number % 100)),
            RouteProtocol = (byte)(226 + (_number % 25)),
            Health = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp()),
            Metrics = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp()),
            DnsAddress = new IPEndPoint(Vip(53), 53),
        };
    }

    public static bool CanRun { get; } = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
        && Exists("nft") && Exists("ip");

    public const string WhyNot = "needs root on Linux with nftables and iproute2";

    public FakeApiClient Api { get; }

    public ProxyOptions Options { get; init; }

    /// <summary>The folder by which one rig takes over from another; null: neither.</summary>
    public string? Handover { get; init; }

    /// <summary>The end of its run.</summary>
    public Task Running => _running;

    public KubeProxy? Proxy { get; private set; }

    public IPAddress Vip6(int host) => IPAddress.Parse($"fd00:10:197:{_number}::{host:x}");

    public IPAddress Vip(int host) => IPAddress.Parse($"10.197.{_number}.{host}");

    public async Task<ProxyRig> StartAsync()
    {
        Launch();
        await Eventually.True(() => _running.IsCompleted || Proxy!.IsReady, "the proxy to be ready");
        if (_running.IsCompleted) await _running;
        return this;
    }

    /// <summary>Without waiting for it to be ready.</summary>
    public void Launch()
    {
        Proxy = new KubeProxy(Api, Options, NullLoggerFactory.Instance, TimeProvider.System, new Succession(Handover, NullLogger.Instance));
        _running = Proxy.RunAsync(_stop.Token);
    }

    /// <summary>What a service says, or null where it refuses.</summary>
    public static async Task<string?> AskAsync(IPAddress address, int port)
    {
        using var client = new TcpClient(address.AddressFamily);
        try
        {
            await client.ConnectAsync(address, port);
            return await new StreamReader(client.GetStream(), Encoding.ASCII).ReadToEndAsync();
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            return null;
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await NodePlane.RemoveAsync(Options, NullLoggerFactory.Instance, CancellationToken.None);
        _stop.Dispose();
    }

    private static bool Exists(string command) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, command)));
}
