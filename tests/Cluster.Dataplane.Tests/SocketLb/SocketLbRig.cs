using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Tests.Linux.Bpf;
using Cluster.Dataplane.Tests.Tcp;

namespace Cluster.Dataplane.Tests.SocketLb;

/// <summary>A connect-time path on the real cgroup with addresses of its own, so that rigs and a running cluster don't meet.</summary>
internal sealed class SocketLbRig : IAsyncDisposable
{
    private static int _count;
    private readonly BpfFolder? _folder;

    private readonly TimeProvider _time;

    public SocketLbRig(bool pinned = false, Func<SocketLoadBalancerOptions, SocketLoadBalancerOptions>? configure = null, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        Number = Interlocked.Increment(ref _count);
        _folder = pinned ? new BpfFolder() : null;
        Options = new SocketLoadBalancerOptions { PinPath = _folder?.Path, MaxServices = 1024, MaxBackends = 4096, MaxSlots = 32_768, MaxFlows = 4096 };
        Options = configure?.Invoke(Options) ?? Options;
        // What is not led to a backend stays on this machine, and is refused by it.
        Shell.Run("ip", "route", "replace", "local", $"198.18.{Number}.0/24", "dev", "lo");
        Shell.Run("ip", "-6", "route", "replace", "local", $"fd00:198:18:{Number:x}::/64", "dev", "lo");
        Directory = NewDirectory();
        Balancer = Start();
    }

    public static bool CanRun => BpfSupport.CanRun && Shell.CanChangeHost;

    public int Number { get; }

    public SocketLoadBalancerOptions Options { get; private set; }

    public SocketLoadBalancer Balancer { get; private set; }

    public Lines Log { get; } = new();

    public ServiceDirectory Directory { get; private set; }

    public IPAddress Vip(int host) => IPAddress.Parse($"198.18.{Number}.{host}");

    public IPAddress Vip6(int host) => IPAddress.Parse($"fd00:198:18:{Number:x}::{host:x}");

    public SocketLoadBalancer Start() => SocketLoadBalancer.TryStart(Options, Log, out var whyNot, Directory.Box, _time) ?? throw new InvalidOperationException(whyNot);

    /// <summary>The next process's part: this one's balancer ends, and another begins over the same pins with a table of its own.</summary>
    public async Task TakeOverAsync(Func<SocketLoadBalancerOptions, SocketLoadBalancerOptions>? configure = null)
    {
        await Balancer.DisposeAsync();
        Directory.Box.Dispose();
        Options = configure?.Invoke(Options) ?? Options;
        Directory = NewDirectory();
        Balancer = Start();
    }

    /// <summary>A service port on both of the host number's addresses, connected from the start.</summary>
    public ServicePort Port(int host, ServiceProtocol protocol = ServiceProtocol.Tcp, ServicePath path = ServicePath.Connect, bool v6 = false, string? policy = null, TimeSpan affinity = default, int nodePort = 0) =>
        new(new ServicePortId($"rig{Number}/s{host}", protocol), 80) { VirtualAddresses = [v6 ? Vip6(host) : Vip(host)], Path = path, Policy = policy, AffinityTimeout = affinity, NodePort = nodePort };

    public void Set(ServicePort port, params IPEndPoint[] backends) => Set(port, [.. backends.Select(backend => new Backend(backend.ToString(), backend))]);

    public void Set(ServicePort port, params Backend[] backends)
    {
        Directory.Set(port, backends);
        Balancer.Apply(Directory.Publish());
    }

    public void Remove(ServicePort port)
    {
        Directory.Remove(port.Id);
        Balancer.Apply(Directory.Publish());
    }

    public async ValueTask DisposeAsync()
    {
        Directory.Box.Dispose();
        await Balancer.DisposeAsync();
        Shell.Run("ip", "route", "del", "local", $"198.18.{Number}.0/24", "dev", "lo");
        Shell.Run("ip", "-6", "route", "del", "local", $"fd00:198:18:{Number:x}::/64", "dev", "lo");
        if (_folder is null) return;
        SocketLoadBalancer.Remove(_folder.Path);
        System.IO.Directory.CreateDirectory(_folder.Path);
        _folder.Dispose();
    }

    private ServiceDirectory NewDirectory()
    {
        var directory = new ServiceDirectory(time: _time);
        directory.AvailabilityChanged += entry =>
        {
            if (directory == Directory) Balancer.Apply([new ServiceTableChange(entry, entry)]);
        };
        return directory;
    }

    /// <summary>A TCP backend that says its name and ends.</summary>
    public static TcpBackend Named(string name, IPAddress? address = null, int port = 0) => new(socket => socket.SendAllAsync(name), address, port);

    /// <summary>A TCP backend whose connections stay until the client ends them.</summary>
    public static TcpBackend Lasting(IPAddress? address = null) => new(TcpBackend.EchoAsync, address);

    public static Socket Stream(AddressFamily family = AddressFamily.InterNetwork) => new(family, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 5000 };

    public static Socket Datagram(AddressFamily family = AddressFamily.InterNetwork) => new(family, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000 };

    /// <summary>What a TCP service says to a new connection; null where it is refused.</summary>
    public static string? Ask(IPAddress address, int port = 80, Socket? socket = null)
    {
        using (socket ??= Stream(address.AddressFamily))
        {
            try
            {
                socket.Connect(address, port);
                var buffer = new byte[64];
                return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
            {
                return null;
            }
        }
    }

    public static string Ask(Socket connected)
    {
        connected.Send("x"u8);
        var buffer = new byte[64];
        return Encoding.ASCII.GetString(buffer, 0, connected.Receive(buffer));
    }

    /// <summary>What a UDP service answers an unconnected socket, and from where.</summary>
    public static (string Answer, EndPoint From) Ask(Socket unconnected, IPEndPoint to)
    {
        unconnected.SendTo("x"u8, to);
        var buffer = new byte[64];
        EndPoint from = new IPEndPoint(unconnected.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        var length = unconnected.ReceiveFrom(buffer, ref from);
        return (Encoding.ASCII.GetString(buffer, 0, length), from);
    }
}
