using System.Buffers;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>One direction of a connection: from one socket's receive to the other's send, over the loop's buffer.</summary>
/// <remarks>
/// Readiness is edge-triggered, so it is remembered here. A buffer is held only while the target did not take what was read; an idle
/// direction is a dozen bytes. Used by its loop's thread alone.
/// </remarks>
internal struct LoopDirection
{
    /// <summary>Buffers passed in one turn before another connection gets its own: 16 x 64 kB is about 200 us of copying.</summary>
    private const int BuffersPerTurn = 16;

    private byte[]? _spill;
    private int _spillStart;
    private int _spillEnd;

    public bool Readable;
    public bool Writable;
    public bool HangUp;
    public bool Ended;

    private bool _large;

    /// <summary>Whether a read since the last call brought more than the ring's buffers hold.</summary>
    public bool TakeLarge()
    {
        bool large = _large;
        _large = false;
        return large;
    }

    /// <summary>The source has ended and nothing is held any more.</summary>
    public readonly bool IsDone => Ended && _spill is null;

    /// <summary>Passes on what there is, for a turn.</summary>
    /// <param name="isLast">The other direction has ended: the end of this one ends the connection.</param>
    public PumpResult Pump(int source, int target, Span<byte> buffer, bool isLast)
    {
        for (int turn = 0; ; turn++)
        {
            if (_spill is not null && !FlushSpill(target, out bool failed)) return failed ? PumpResult.Failed : PumpResult.Waiting;
            if (Ended) return PumpResult.Ended;
            if (!Readable || !Writable) return PumpResult.Waiting;
            if (turn == BuffersPerTurn) return PumpResult.Yielded;

            nint received = SocketCalls.Receive(source, buffer);
            if (received < 0)
            {
                if (SocketCalls.Error is not (Errno.EAGAIN or Errno.EINTR)) return PumpResult.Failed;
                Readable = SocketCalls.Error == Errno.EINTR;
                continue;
            }

            if (received == 0)
            {
                Ended = true;
                // Where the other direction has ended too, both sockets are closed next, and that says it as well.
                if (!isLast) SocketCalls.ShutdownSend(target);
                return PumpResult.Ended;
            }

            _large |= received >= RingPump.BufferSize;
            // Fewer bytes than asked for: the socket is empty, and what arrives next is a new edge. But an end that was already
            // announced brings no further edge, so then reading goes on until it is read.
            if (received < buffer.Length && !HangUp) Readable = false;
            if (!Pass(target, buffer[..(int)received])) return PumpResult.Failed;
        }
    }

    /// <summary>
    /// Sends the first <paramref name="length"/> bytes of the buffer before anything of the source's, together with what that has sent already;
    /// false where a socket failed.
    /// </summary>
    public bool Begin(int source, int target, Span<byte> buffer, int length)
    {
        nint received = SocketCalls.Receive(source, buffer[length..]);
        // Silent or at its end: the pump will see. But an error is told once.
        if (received < 0 && SocketCalls.Error is not (Errno.EAGAIN or Errno.EINTR)) return false;
        return Pass(target, buffer[..(length + (int)Math.Max(0, received))]);
    }

    /// <summary>Nothing waits here and nothing was read that would not be told again.</summary>
    public readonly bool IsIdle => _spill is null && !Ended && !HangUp;

    /// <summary>Keeps bytes that stand before all that is read from now on.</summary>
    public void Hold(ReadOnlySpan<byte> bytes)
    {
        int held = _spill is null ? 0 : _spillEnd - _spillStart;
        byte[] all = ArrayPool<byte>.Shared.Rent(held + bytes.Length);
        if (_spill is not null)
        {
            _spill.AsSpan(_spillStart, held).CopyTo(all);
            ArrayPool<byte>.Shared.Return(_spill);
        }

        bytes.CopyTo(all.AsSpan(held));
        _spill = all;
        _spillStart = 0;
        _spillEnd = held + bytes.Length;
    }

    /// <summary>Gives back what is held and forgets all state.</summary>
    public void Clear()
    {
        if (_spill is not null) ArrayPool<byte>.Shared.Return(_spill);
        this = default;
    }

    private bool Pass(int target, ReadOnlySpan<byte> bytes)
    {
        nint sent = SocketCalls.Send(target, bytes);
        if (sent == bytes.Length) return true;
        if (sent < 0)
        {
            if (SocketCalls.Error is not (Errno.EAGAIN or Errno.EINTR)) return false;
            sent = 0;
        }

        // The target's buffer is full: the rest waits here, and reading with it, until the kernel says writable.
        ReadOnlySpan<byte> rest = bytes[(int)sent..];
        _spill = ArrayPool<byte>.Shared.Rent(rest.Length);
        rest.CopyTo(_spill);
        _spillStart = 0;
        _spillEnd = rest.Length;
        return true;
    }

    /// <summary>True when nothing is held any more.</summary>
    private bool FlushSpill(int target, out bool failed)
    {
        failed = false;
        while (_spillStart < _spillEnd)
        {
            nint sent = SocketCalls.Send(target, _spill.AsSpan(_spillStart.._spillEnd));
            if (sent < 0)
            {
                if (SocketCalls.Error == Errno.EINTR) continue;
                failed = SocketCalls.Error != Errno.EAGAIN;
                Writable = false;
                return false;
            }

            _spillStart += (int)sent;
        }

        ArrayPool<byte>.Shared.Return(_spill!);
        _spill = null;
        return true;
    }
}
