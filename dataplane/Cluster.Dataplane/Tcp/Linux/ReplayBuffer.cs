using System.Buffers;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Passes a client's first bytes on and keeps them, until the backend has answered its first byte: another can have them until then.</summary>
/// <remarks>
/// Stands in for the connection's two directions meanwhile and works on their flags. Holds memory only once the client has sent something.
/// Used by its loop's thread alone.
/// </remarks>
internal sealed class ReplayBuffer
{
    private byte[]? _bytes;
    private int _length;
    private int _limit = FirstBytes.Kept;
    private int _sent;
    private bool _clientEnded;

    /// <summary>Puts bytes of our own before the client's: every backend gets them first.</summary>
    public void Begin(ReadOnlySpan<byte> header)
    {
        _bytes ??= Rent();
        header.CopyTo(_bytes);
        _length = header.Length;
        _limit = FirstBytes.Kept + header.Length;
    }

    /// <summary>Does what can be done at once.</summary>
    public ReplayOutcome Advance(LoopConnection connection)
    {
        if (connection.ToClient.Readable && Look(connection) is { } outcome and not ReplayOutcome.Waiting) return outcome;
        while (true)
        {
            // Where it fails, the event of the backend's socket, which comes for sure, says how it ended.
            if (!Send(connection)) return ReplayOutcome.Waiting;
            if (!connection.ToBackend.Readable || _clientEnded) return ReplayOutcome.Waiting;
            if (_length == _limit) return ReplayOutcome.Overfull;
            if (!Receive(connection, out bool failed)) return failed ? ReplayOutcome.ClientFailed : ReplayOutcome.Waiting;
        }
    }

    /// <summary>Whether the backend has answered or ended, without taking anything from its socket.</summary>
    public static ReplayOutcome Look(LoopConnection connection)
    {
        nint there = SocketCalls.Peek(connection.BackendSocket);
        if (there > 0) return ReplayOutcome.Answered;
        if (there == 0) return ReplayOutcome.BackendEnded;
        if (SocketCalls.Error is not (Errno.EAGAIN or Errno.EINTR)) return ReplayOutcome.BackendFailed;
        connection.ToClient.Readable = SocketCalls.Error == Errno.EINTR;
        return ReplayOutcome.Waiting;
    }

    /// <summary>The client has sent something.</summary>
    public bool ClientSpoke => ClientLength > 0;

    /// <summary>The connection's next backend gets everything from the beginning.</summary>
    public void Rewind(LoopConnection connection)
    {
        _sent = 0;
        connection.ToBackend.Count(ClientLength);
    }

    /// <summary>Gives what was not sent yet to the direction that goes on, and forgets all.</summary>
    public void HandOver(LoopConnection connection)
    {
        if (_sent < _length) connection.ToBackend.Hold(_bytes.AsSpan(_sent.._length));
        // An end that was read here is read once more: the kernel tells it as often as it is asked.
        connection.ToBackend.Readable = true;
        connection.ToBackend.HangUp |= _clientEnded;
        Clear();
    }

    public void Clear()
    {
        if (_bytes is not null) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = null;
        _length = _sent = 0;
        _limit = FirstBytes.Kept;
        _clientEnded = false;
    }

    // What stands before it is our header, and the limit is as much higher.
    private int ClientLength => Math.Max(0, _length - (_limit - FirstBytes.Kept));

    // True when all there is was sent, the end included.
    private bool Send(LoopConnection connection)
    {
        while (_sent < _length)
        {
            if (!connection.ToBackend.Writable) return false;
            nint sent = SocketCalls.Send(connection.BackendSocket, _bytes.AsSpan(_sent.._length));
            if (sent >= 0) _sent += (int)sent;
            else if (SocketCalls.Error != Errno.EINTR) connection.ToBackend.Writable = false;
        }

        if (_clientEnded) SocketCalls.ShutdownSend(connection.BackendSocket);
        return true;
    }

    private bool Receive(LoopConnection connection, out bool failed)
    {
        _bytes ??= Rent();
        Span<byte> room = _bytes.AsSpan(_length.._limit);
        nint received = SocketCalls.Receive(connection.Client, room);
        failed = received < 0 && SocketCalls.Error is not (Errno.EAGAIN or Errno.EINTR);
        if (received < 0)
        {
            connection.ToBackend.Readable = SocketCalls.Error == Errno.EINTR;
            return !failed && connection.ToBackend.Readable;
        }

        _length += (int)received;
        connection.ToBackend.Count(received);
        _clientEnded = received == 0;
        // As in the direction: fewer than asked for, and the socket is empty, unless an end was announced already.
        if (received > 0 && received < room.Length && !connection.ToBackend.HangUp) connection.ToBackend.Readable = false;
        return true;
    }

    private static byte[] Rent() => ArrayPool<byte>.Shared.Rent(FirstBytes.Kept + ProxyHeader.MaxSize);
}
