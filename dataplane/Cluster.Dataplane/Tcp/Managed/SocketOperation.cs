using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;

namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>A reusable socket operation that is awaited without allocating. One operation at a time.</summary>
/// <remarks>
/// The execution context is not carried along (the base constructor's <c>true</c>): nothing here reads it.
/// The continuation runs on the thread that completed the operation: a pool thread, or the socket engine's own where the process
/// set <c>DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1</c>. Failures are results, not exceptions.
/// </remarks>
internal sealed class SocketOperation() : SocketAsyncEventArgs(true), IValueTaskSource<SocketOperationResult>
{
    private ManualResetValueTaskSourceCore<SocketOperationResult> _source;

    private static readonly Func<Socket, SocketOperation, bool> Accept = static (socket, operation) => socket.AcceptAsync(operation);
    private static readonly Func<Socket, SocketOperation, bool> Connect = static (socket, operation) => socket.ConnectAsync(operation);
    private static readonly Func<Socket, SocketOperation, bool> Receive = static (socket, operation) => socket.ReceiveAsync(operation);
    private static readonly Func<Socket, SocketOperation, bool> Send = static (socket, operation) => socket.SendAsync(operation);

    public ValueTask<SocketOperationResult> AcceptAsync(Socket listener)
    {
        AcceptSocket = null;
        return Start(Accept, listener);
    }

    public ValueTask<SocketOperationResult> ConnectAsync(Socket socket, EndPoint to)
    {
        RemoteEndPoint = to;
        return Start(Connect, socket);
    }

    public ValueTask<SocketOperationResult> ReceiveAsync(Socket socket, Memory<byte> into)
    {
        SetBuffer(into);
        return Start(Receive, socket);
    }

    /// <summary>Sends all of it: the runtime goes on until the last byte or an error.</summary>
    public ValueTask<SocketOperationResult> SendAsync(Socket socket, ReadOnlyMemory<byte> from)
    {
        SetBuffer(MemoryMarshal.AsMemory(from));
        return Start(Send, socket);
    }

    /// <summary>Lets go of the caller's memory and sockets before the operation goes back to its pool.</summary>
    public void Clear()
    {
        SetBuffer(default);
        RemoteEndPoint = null;
        AcceptSocket = null;
    }

    protected override void OnCompleted(SocketAsyncEventArgs e) => _source.SetResult(Outcome());

    private ValueTask<SocketOperationResult> Start(Func<Socket, SocketOperation, bool> operation, Socket socket)
    {
        _source.Reset();
        try
        {
            return operation(socket, this)
                ? new ValueTask<SocketOperationResult>(this, _source.Version)
                : new ValueTask<SocketOperationResult>(Outcome());
        }
        catch (ObjectDisposedException)
        {
            // The other direction, or the end of the relay, has closed the socket in between: like an operation cut short.
            return new ValueTask<SocketOperationResult>(new SocketOperationResult(0, SocketError.OperationAborted));
        }
    }

    private SocketOperationResult Outcome() => new(BytesTransferred, SocketError);

    SocketOperationResult IValueTaskSource<SocketOperationResult>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<SocketOperationResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<SocketOperationResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
