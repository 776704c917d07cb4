using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>The listening sockets of a loop, watched while its gate is open. Used by its loop's thread alone.</summary>
internal sealed class LoopListeners(Epoll epoll, AcceptGate gate, SocketSetup setup)
{
    /// <summary>To pause and resume costs two calls for each, about a microsecond: no more than a twentieth of the time.</summary>
    private const int PausedPerMs = 50;

    private readonly Dictionary<int, LoopListener> _byDescriptor = [];

    public int Count => _byDescriptor.Count;

    public LoopListener? Find(int descriptor) => _byDescriptor.GetValueOrDefault(descriptor);

    /// <summary>Takes over a listening socket.</summary>
    public void Add(LoopListener listener)
    {
        _byDescriptor.Add(listener.Descriptor, listener);
        setup.Listener(listener.Descriptor, listener.Frontend.Address);
        if (gate.IsOpen) Watch(listener);
    }

    public void Remove(int descriptor)
    {
        if (!_byDescriptor.Remove(descriptor)) return;
        // Closing alone would leave the socket watched where another process has it too.
        epoll.Remove(descriptor);
        SocketCalls.Close(descriptor);
    }

    public void RemoveAll()
    {
        foreach (int descriptor in _byDescriptor.Keys.ToArray()) Remove(descriptor);
    }

    /// <summary>Nothing is accepted until <see cref="Resume"/>: connections wait in the kernel's queues.</summary>
    /// <param name="reason">What there is no room for.</param>
    /// <param name="now">The loop's clock.</param>
    /// <param name="rest">What is short does not tell when there is more of it: it is looked for again after the pause.</param>
    public void Pause(string reason, long now, bool rest)
    {
        if (!gate.IsOpen) return;
        gate.Close(reason, now, rest, _byDescriptor.Count / PausedPerMs);
        foreach (int descriptor in _byDescriptor.Keys) epoll.Remove(descriptor);
    }

    public void Resume()
    {
        gate.Open();
        foreach (LoopListener listener in _byDescriptor.Values) Watch(listener);
    }

    private void Watch(LoopListener listener) => epoll.Add(listener.Descriptor, Epoll.EPOLLIN, LoopEventData.OfListener(listener.Descriptor));
}
