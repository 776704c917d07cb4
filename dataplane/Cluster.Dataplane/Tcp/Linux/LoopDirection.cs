using System.Buffers;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>One direction of a connection: from one socket's receive to the other's send, over the loop's buffer or, while it streams, through a pipe.</summary>
/// <remarks>
/// Readiness is edge-triggered, so it is remembered here. A buffer or a pipe is held only while the target did not take what was read, never
/// both; an idle direction is a few dozen bytes. A pipe is filled only when it is empty: then what the source says of itself is clear.
/// Used by its loop's thread alone.
/// </remarks>
internal struct LoopDirection
{
    /// <summary>Passed in one turn before another connection gets its own: 1 MB is about 200 us of copying.</summary>
    private const int BytesPerTurn = 1024 * 1024;

    /// <summary>A read that speaks of a stream.</summary>
    private const int LargeBytes = 16 * 1024;

    // The pipe or the buffer, whichever it is: there are two of these structs a connection.
    private object? _held;
    private int _spillStart;
    private int _spillEnd;

    public bool Readable;
    public bool Writable;
    public bool HangUp;
    public bool Ended;

    /// <summary>The source has urgent data: splice(2) stops in front of it, a receive leaves it out as it always does.</summary>
    public bool Urgent;

    private byte _largeInRow;
    private StreamState _stream;
    private bool _large;
    private long _passed;

    /// <summary>Adds to the bytes that came from the source: a counter of the connection's own.</summary>
    public void Count(nint received) => _passed += received;

    /// <summary>Bytes that came from the source since the last call.</summary>
    public long TakePassed()
    {
        long passed = _passed;
        _passed = 0;
        return passed;
    }

    /// <summary>Whether a read since the last call brought more than the ring's buffers hold.</summary>
    public bool TakeLarge()
    {
        bool large = _large;
        _large = false;
        return large;
    }

    /// <summary>True once, when the direction has become a stream for the first time.</summary>
    public bool TakeBegun()
    {
        if (_stream != StreamState.Begun) return false;
        _stream = StreamState.Told;
        return true;
    }

    /// <summary>The source has ended and nothing is held any more.</summary>
    public readonly bool IsDone => Ended && _held is null;

    /// <summary>Passes on what there is, for a turn.</summary>
    /// <param name="isLast">The other direction has ended: the end of this one ends the connection.</param>
    public PumpResult Pump(int source, int target, LoopBuffers buffers, bool isLast)
    {
        for (nint passed = 0; ;)
        {
            if (!Flush(target, buffers.Pipes, out bool failed)) return failed ? PumpResult.Failed : PumpResult.Waiting;
            if (Ended) return PumpResult.Ended;
            if (!Readable || !Writable) return PumpResult.Waiting;
            if (passed >= BytesPerTurn) return PumpResult.Yielded;

            nint received = Take(source, target, buffers, out failed);
            if (failed) return PumpResult.Failed;
            passed += received;
            Count(received);
            if (!Ended) continue;
            // Where the other direction has ended too, both sockets are closed next, and that says it as well.
            if (!isLast) SocketCalls.ShutdownSend(target);
            return PumpResult.Ended;
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
        Count(Math.Max(0, received));
        return Pass(target, buffer[..(length + (int)Math.Max(0, received))]);
    }

    /// <summary>Nothing waits here and nothing was read that would not be told again.</summary>
    public readonly bool IsIdle => _held is null && !Ended && !HangUp;

    /// <summary>Keeps bytes that stand before all that is read from now on.</summary>
    public void Hold(ReadOnlySpan<byte> bytes)
    {
        byte[]? before = (byte[]?)_held;
        int held = before is null ? 0 : _spillEnd - _spillStart;
        byte[] all = ArrayPool<byte>.Shared.Rent(held + bytes.Length);
        if (before is not null)
        {
            before.AsSpan(_spillStart, held).CopyTo(all);
            ArrayPool<byte>.Shared.Return(before);
        }

        bytes.CopyTo(all.AsSpan(held));
        _held = all;
        _spillStart = 0;
        _spillEnd = held + bytes.Length;
    }

    /// <summary>Gives back what is held and forgets all state.</summary>
    public void Clear(PipePool pipes)
    {
        if (_held is SplicePipe pipe) pipes.Return(pipe);
        else if (_held is byte[] spill) ArrayPool<byte>.Shared.Return(spill);
        this = default;
    }

    /// <summary>Receives once, and sends or holds what came.</summary>
    /// <returns>Bytes received; 0 where there was nothing, or only the end.</returns>
    private nint Take(int source, int target, LoopBuffers buffers, out bool failed)
    {
        if (_largeInRow >= buffers.SpliceAfter && !Urgent && buffers.Pipes.TryRent() is { } pipe)
        {
            nint moved = pipe.Fill(source);
            int error = moved < 0 ? SocketCalls.Error : 0;
            if (moved > 0) _held = pipe;
            else buffers.Pipes.Return(pipe);
            if (moved > 0) Judge(moved, buffers.SpliceAfter);
            if (moved != 0) return Received(moved, error, out failed);
            // The end; or, once that has come, urgent data in front of which the kernel stops. A receive tells the two apart.
        }

        return Copy(source, target, buffers, out failed);
    }

    private nint Copy(int source, int target, LoopBuffers buffers, out bool failed)
    {
        Span<byte> bytes = buffers.Bytes;
        nint received = SocketCalls.Receive(source, bytes);
        if (received < 0) return Received(received, SocketCalls.Error, out failed);
        failed = false;
        Ended = received == 0;
        if (Ended) return 0;
        Judge(received, buffers.SpliceAfter);
        // Fewer bytes than asked for: the socket is empty, and what arrives next is a new edge. But an end that was already
        // announced brings no further edge, so then reading goes on until it is read.
        if (received < bytes.Length && !HangUp) Readable = false;
        failed = !Pass(target, bytes[..(int)received]);
        return received;
    }

    private nint Received(nint count, int error, out bool failed)
    {
        failed = count < 0 && error is not (Errno.EAGAIN or Errno.EINTR);
        if (count < 0) Readable = error == Errno.EINTR;
        return Math.Max(0, count);
    }

    private void Judge(nint received, int spliceAfter)
    {
        _large |= received >= RingPump.BufferSize;
        if (received < LargeBytes) _largeInRow = 0;
        else if (_largeInRow < spliceAfter && ++_largeInRow == spliceAfter && _stream == StreamState.None) _stream = StreamState.Begun;
    }

    /// <summary>True when nothing is held any more.</summary>
    private bool Flush(int target, PipePool pipes, out bool failed)
    {
        failed = false;
        if (_held is null) return true;
        return _held is SplicePipe pipe ? FlushPipe(pipe, target, pipes, out failed) : FlushSpill((byte[])_held, target, out failed);
    }

    private bool FlushPipe(SplicePipe pipe, int target, PipePool pipes, out bool failed)
    {
        failed = false;
        while (pipe.Held > 0)
        {
            if (pipe.Drain(target) > 0 || SocketCalls.Error == Errno.EINTR) continue;
            failed = SocketCalls.Error != Errno.EAGAIN;
            Writable = false;
            return false;
        }

        pipes.Return(pipe);
        _held = null;
        return true;
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
        byte[] spill = ArrayPool<byte>.Shared.Rent(rest.Length);
        rest.CopyTo(spill);
        _held = spill;
        _spillStart = 0;
        _spillEnd = rest.Length;
        return true;
    }

    /// <summary>True when nothing is held any more.</summary>
    private bool FlushSpill(byte[] spill, int target, out bool failed)
    {
        failed = false;
        while (_spillStart < _spillEnd)
        {
            nint sent = SocketCalls.Send(target, spill.AsSpan(_spillStart.._spillEnd));
            if (sent < 0)
            {
                if (SocketCalls.Error == Errno.EINTR) continue;
                failed = SocketCalls.Error != Errno.EAGAIN;
                Writable = false;
                return false;
            }

            _spillStart += (int)sent;
        }

        ArrayPool<byte>.Shared.Return(spill);
        _held = null;
        return true;
    }

    /// <summary>Whether large reads came in a row, and the loop knows.</summary>
    private enum StreamState : byte
    {
        None,
        Begun,
        Told,
    }
}
