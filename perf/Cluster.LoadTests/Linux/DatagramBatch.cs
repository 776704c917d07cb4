using System.Runtime.InteropServices;

namespace Cluster.LoadTests.Linux;

/// <summary>Room for a batch of datagrams, received and sent by one system call each. Used by one thread.</summary>
internal sealed unsafe class DatagramBatch : IDisposable
{
    private readonly int _capacity;
    private readonly int _size;
    private readonly MultiMessage* _messages;
    private readonly IoVector* _vectors;
    private readonly SocketAddressV4* _addresses;
    private readonly byte* _bytes;

    /// <param name="capacity">Datagrams of a batch.</param>
    /// <param name="size">Bytes of a datagram at most.</param>
    /// <param name="addressed">Sender addresses are kept, so that the batch can be sent back.</param>
    public DatagramBatch(int capacity, int size, bool addressed)
    {
        _capacity = capacity;
        _size = size;
        _messages = (MultiMessage*)NativeMemory.AllocZeroed((nuint)capacity, (nuint)sizeof(MultiMessage));
        _vectors = (IoVector*)NativeMemory.AllocZeroed((nuint)capacity, (nuint)sizeof(IoVector));
        _addresses = (SocketAddressV4*)NativeMemory.AllocZeroed((nuint)capacity, SocketAddressV4.Size);
        _bytes = (byte*)NativeMemory.AllocZeroed((nuint)capacity, (nuint)size);
        for (int i = 0; i < capacity; i++)
        {
            _vectors[i] = new IoVector { Base = _bytes + (i * size), Length = size };
            _messages[i] = new MultiMessage { Vectors = _vectors + i, VectorCount = 1, Name = addressed ? _addresses + i : null };
        }

        Addressed = addressed;
    }

    private bool Addressed { get; }

    /// <summary>Takes what waits, at most a batch; 0 where nothing does.</summary>
    public int Receive(int descriptor)
    {
        for (int i = 0; i < _capacity; i++)
        {
            _vectors[i].Length = _size;
            if (Addressed) _messages[i].NameLength = SocketAddressV4.Size;
        }

        return Math.Max(0, Libc.recvmmsg(descriptor, _messages, (uint)_capacity, Libc.MSG_DONTWAIT, null));
    }

    /// <summary>Sends what was received back to where it came from; returns how many went.</summary>
    public int SendBack(int descriptor, int count)
    {
        for (int i = 0; i < count; i++) _vectors[i].Length = (nint)_messages[i].Length;
        return Math.Max(0, Libc.sendmmsg(descriptor, _messages, (uint)count, Libc.MSG_DONTWAIT));
    }

    /// <summary>Sends a number of datagrams of a length to the socket's peer; returns how many went.</summary>
    public int Send(int descriptor, int count, int length)
    {
        for (int i = 0; i < count; i++) _vectors[i].Length = length;
        return Math.Max(0, Libc.sendmmsg(descriptor, _messages, (uint)Math.Min(count, _capacity), Libc.MSG_DONTWAIT));
    }

    public void Dispose()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_addresses);
        NativeMemory.Free(_bytes);
    }
}
