using System.Net.Sockets;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>One attempt after the other to reach a backend, each with a limit of time. One at a time; <see cref="GiveUp"/> may come from any thread.</summary>
internal sealed class BackendDial : IDisposable
{
    /// <summary>Timer and clock are not the same; time-outs are many times that.</summary>
    private const int TimerPrecisionMs = 20;

    private readonly SocketOperation _connect = new();
    private readonly TcpRelayOptions _options;
    private readonly ITimer _timer;
    private Socket? _connecting;
    private long _due;

    public BackendDial(TcpRelayOptions options, TimeProvider time)
    {
        _options = options;
        _timer = time.CreateTimer(static self => ((BackendDial)self!).OnTimeout(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Makes a socket for a backend; null with the reason where there is none to be had.</summary>
    public Socket? Open(Backend backend, out SocketError error)
    {
        Socket? socket = null;
        try
        {
            error = SocketError.Success;
            socket = new Socket(backend.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            RelaySocket.SetOptions(socket, _options);
            return socket;
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            error = exception.SocketErrorCode;
            return null;
        }
    }

    /// <summary>Connects a socket; where that fails, takes too long or is given up, the socket is closed.</summary>
    public async ValueTask<SocketError> ConnectAsync(Socket socket, Backend backend, TimeSpan timeout)
    {
        // Before the socket, which the timer reads first.
        Volatile.Write(ref _due, Environment.TickCount64 + (long)timeout.TotalMilliseconds);
        Volatile.Write(ref _connecting, socket);
        _timer.Change(timeout, Timeout.InfiniteTimeSpan);
        var result = await _connect.ConnectAsync(socket, backend.Address);
        // Whoever takes the socket out of the field owns it: the timer to close it, or this method to use it.
        var timedOut = Interlocked.Exchange(ref _connecting, null) is null;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var error = timedOut ? SocketError.TimedOut : result.Error;
        if (result.Succeeded && !timedOut)
        {
            if (!SelfConnection.Is(socket, backend.Address)) return SocketError.Success;
            error = SocketError.ConnectionRefused;
        }

        socket.Dispose();
        return error;
    }

    /// <summary>Ends the attempt under way, if there is one.</summary>
    public void GiveUp() => Interlocked.Exchange(ref _connecting, null)?.Dispose();

    /// <summary>Lets go of the last backend's address.</summary>
    public void Clear() => _connect.Clear();

    public void Dispose()
    {
        _timer.Dispose();
        _connect.Dispose();
    }

    private void OnTimeout()
    {
        // A busy process may see its own answer late: a backend that has answered, yes or no, is not given up for that.
        if (Volatile.Read(ref _connecting) is { } socket && IsDue() && !HasAnswer(socket)
            && Interlocked.CompareExchange(ref _connecting, null, socket) == socket) socket.Dispose();
    }

    // A busy process may run this late, for an attempt that has ended by itself: the next one has its own time.
    private bool IsDue() => Environment.TickCount64 >= Volatile.Read(ref _due) - TimerPrecisionMs;

    private static bool HasAnswer(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectWrite);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It came to its end in between.
            return true;
        }
    }
}
