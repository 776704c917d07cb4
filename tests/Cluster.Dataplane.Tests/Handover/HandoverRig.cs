using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Handover;

/// <summary>A process that could be taken over from, as far as the protocol goes.</summary>
internal sealed class HandoverRig : IHandoverSource, IDisposable
{
    private readonly TempDirectory _place = new();
    private readonly List<Socket> _listeners = [];

    /// <param name="user">In whose name a successor must act.</param>
    public HandoverRig(uint? user = null)
    {
        Folder = FolderHandle.Open(_place.Path);
        Server = new HandoverServer(Folder, Sockets, this, Log, user ?? ProcessUser.Effective);
    }

    public FolderHandle Folder { get; }

    public HandoverSockets Sockets { get; } = new();

    public HandoverServer Server { get; }

    public Lines Log { get; } = new();

    public HandedState State { get; set; } = new([], [], []);

    /// <summary>What was asked of it, in order.</summary>
    public List<string> Asked { get; } = [];

    public Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        socket.Blocking = false;
        _listeners.Add(socket);
        Sockets.Add(ListenerKind.Frontend, (int)socket.Handle);
        return socket;
    }

    public HandoverClient Connect() => HandoverClient.TryConnect(Folder, ProcessUser.Effective)!;

    public Task<HandedState> SuspendAsync() => Note("suspend", State);

    public Task ResumeAsync() => Note("resume", true);

    public Task LetGoAsync() => Note("let go", true);

    public void Dispose()
    {
        Server.Dispose();
        foreach (var socket in _listeners) socket.Dispose();
        Sockets.Dispose();
        Folder.Dispose();
        _place.Dispose();
    }

    private Task<T> Note<T>(string what, T result)
    {
        lock (Asked) Asked.Add(what);
        return Task.FromResult(result);
    }
}
