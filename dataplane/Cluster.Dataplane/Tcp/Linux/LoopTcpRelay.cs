using System.Net;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Relays TCP on Linux by event loops of its own, one a core.</summary>
public sealed class LoopTcpRelay : IRelay
{
    /// <summary>As the managed path: the kernel cuts it to net.core.somaxconn.</summary>
    private const int Backlog = 4096;

    /// <summary>
    /// So many frontends get a listener in every loop (the kernel then spreads connections); past it each lives in one loop, so that
    /// 10,000 services do not take 10,000 descriptors a core.
    /// </summary>
    private const int SharedFrontends = 512;

    private readonly TcpLoop[] _loops;
    private readonly Dictionary<Frontend, (TcpLoop Loop, int Descriptor)[]> _frontends = [];

    /// <param name="directory">Read for each pick.</param>
    /// <param name="options">Time-outs and bounds.</param>
    /// <param name="loops">Threads; 0: one a core.</param>
    /// <param name="logger">Told when accepting rests.</param>
    public LoopTcpRelay(ServiceDirectory directory, TcpRelayOptions options, int loops, ILogger logger)
    {
        int count = loops > 0 ? loops : Environment.ProcessorCount;
        int limit = options.MaxConnections > 0 ? options.MaxConnections : DescriptorBudget.Of(ResourceLimits.OpenFiles).TcpConnections;
        _loops = [.. Enumerable.Range(0, count).Select(number => new TcpLoop($"tcp-loop-{number}", directory, options, Math.Max(1, limit / count), logger))];
    }

    public ServiceProtocol Protocol => ServiceProtocol.Tcp;

    /// <summary>Connections being served now.</summary>
    public int Active => _loops.Sum(loop => loop.Connections);

    public FrontendResult Open(Frontend frontend)
    {
        TcpLoop[] loops = _frontends.Count < SharedFrontends ? _loops : [_loops[frontend.Slot % _loops.Length]];
        var listeners = new (TcpLoop Loop, int Descriptor)[loops.Length];
        IPEndPoint endPoint = frontend.EndPoint;
        // A listener of another process would share the port with ours silently if it too asked for SO_REUSEPORT: found out first.
        FrontendResult taken = ListenSockets.Probe(endPoint);
        if (!taken.IsOpen) return taken;
        for (int i = 0; i < loops.Length; i++)
        {
            int descriptor = SocketCalls.ListenTcp(endPoint, Backlog);
            if (descriptor < 0)
            {
                FrontendResult failure = ListenSockets.Failure(SocketCalls.Error);
                for (int opened = 0; opened < i; opened++) SocketCalls.Close(listeners[opened].Descriptor);
                return failure;
            }

            listeners[i] = (loops[i], descriptor);
        }

        _frontends.Add(frontend, listeners);
        foreach ((TcpLoop loop, int descriptor) in listeners) loop.Post(target => target.AddListener(new LoopListener(descriptor, frontend)));
        return FrontendResult.Opened;
    }

    public void Close(Frontend frontend)
    {
        if (!_frontends.Remove(frontend, out (TcpLoop Loop, int Descriptor)[]? listeners)) return;
        using var closed = new CountdownEvent(listeners.Length);
        foreach ((TcpLoop loop, int descriptor) in listeners)
        {
            loop.Post(target =>
            {
                target.RemoveListener(descriptor);
                closed.Signal();
            });
        }

        // A loop runs posted actions within a turn, under a millisecond: when this returns, the port refuses.
        closed.Wait();
    }

    // Established connections stay with their backend: a pod on its way out finishes what it began.
    public void BackendsChanged(ServiceEntry entry)
    {
    }

    public ValueTask DisposeAsync()
    {
        foreach (TcpLoop loop in _loops) loop.Dispose();
        return ValueTask.CompletedTask;
    }
}
