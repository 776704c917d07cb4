using System.Net;
using System.Runtime.InteropServices;
using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Dns;

/// <summary>
/// What a server of datagrams costs here without any names: blocks in recvmmsg on its one socket, changes some bytes and sends, with batches, joined answers and
/// a fixed pause after each batch of more than one, and looks nothing up. What it costs beside the others says which ratios can be reached.
/// </summary>
/// <param name="pauseMicroseconds">How long queries gather; 0: not at all.</param>
internal sealed unsafe class DnsFloorRole(int pauseMicroseconds) : IDisposable
{
    private const int BatchSize = 64;
    private const int SlotBytes = 2048;
    private const int ControlBytes = 24;
    private const int ReceiveBuffer = 4 << 20;
    private const int HeaderBytes = 12;
    private const int SOL_UDP = 17;
    private const int UDP_SEGMENT = 103;
    private const int MSG_WAITFORONE = 0x10000;
    private const int PR_SET_TIMERSLACK = 29;

    private readonly MultiMessage* _in = Allocate<MultiMessage>(BatchSize);
    private readonly MultiMessage* _out = Allocate<MultiMessage>(BatchSize);
    private readonly IoVector* _received = Allocate<IoVector>(BatchSize);
    private readonly IoVector* _sent = Allocate<IoVector>(BatchSize);
    private readonly SocketAddressV4* _clients = Allocate<SocketAddressV4>(BatchSize);
    private readonly byte* _bytes = Allocate<byte>(BatchSize * SlotBytes);
    private readonly byte* _controls = Allocate<byte>(BatchSize * ControlBytes);

    public static void Run(int port, int pauseMicroseconds)
    {
        using var floor = new DnsFloorRole(pauseMicroseconds);
        floor.Serve(Sockets.BindUdp(new IPEndPoint(IPAddress.Loopback, port), ReceiveBuffer, waits: true));
    }

    public void Dispose()
    {
        NativeMemory.Free(_in);
        NativeMemory.Free(_out);
        NativeMemory.Free(_received);
        NativeMemory.Free(_sent);
        NativeMemory.Free(_clients);
        NativeMemory.Free(_bytes);
        NativeMemory.Free(_controls);
    }

    private static T* Allocate<T>(int count) where T : unmanaged => (T*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(T));

    // Until the process is ended.
    private void Serve(int descriptor)
    {
        _ = Libc.prctl(PR_SET_TIMERSLACK, 1_000, 0, 0, 0);
        for (int count = 0; ;)
        {
            var pause = new TimeSpec { Nanoseconds = pauseMicroseconds * 1_000L };
            if (count > 1 && pauseMicroseconds > 0) _ = Libc.nanosleep(&pause, null);
            for (int i = 0; i < BatchSize; i++)
            {
                _received[i] = new IoVector { Base = _bytes + (i * SlotBytes), Length = SlotBytes };
                _in[i] = new MultiMessage { Name = _clients + i, NameLength = SocketAddressV4.Size, Vectors = _received + i, VectorCount = 1 };
            }

            count = Math.Max(0, Libc.recvmmsg(descriptor, _in, BatchSize, MSG_WAITFORONE, null));
            int messages = Answer(count);
            for (int done = 0; done < messages;) done += Math.Max(1, Libc.sendmmsg(descriptor, _out + done, (uint)(messages - done), 0));
        }
    }

    private int Answer(int count)
    {
        int messages = 0;
        for (int i = 0; i < count; i++)
        {
            _sent[i] = AnswerOne(i);
            bool joins = i > 0 && messages > 0 && _out[messages - 1].VectorCount == 1 && *(ulong*)(_clients + i) == *(ulong*)(_clients + i - 1);
            if (joins) Join(ref _out[messages - 1], i);
            else _out[messages++] = new MultiMessage { Name = _clients + i, NameLength = SocketAddressV4.Size, Vectors = _sent + i, VectorCount = 1 };
        }

        return messages;
    }

    // The larger of the two first: the kernel cuts by its size.
    private void Join(ref MultiMessage message, int second)
    {
        if (_sent[second].Length > _sent[second - 1].Length) (_sent[second], _sent[second - 1]) = (_sent[second - 1], _sent[second]);
        byte* control = _controls + (second * ControlBytes);
        *(nint*)control = 16 + sizeof(ushort);
        ((int*)control)[2] = SOL_UDP;
        ((int*)control)[3] = UDP_SEGMENT;
        *(ushort*)(control + 16) = (ushort)_sent[second - 1].Length;
        message.VectorCount = 2;
        message.Control = control;
        message.ControlLength = ControlBytes;
    }

    // What DnsQueries takes for right: names that begin with an n are not there, the others have an A or PTR record.
    private IoVector AnswerOne(int index)
    {
        byte* message = _bytes + (index * SlotBytes);
        int length = (int)_in[index].Length;
        bool isThere = message[HeaderBytes + 1] != (byte)'n';
        bool answers = isThere && message[length - 3] is 1 or 12;
        message[2] |= 0x84;
        message[3] = isThere ? (byte)0 : (byte)3;
        message[7] = answers ? (byte)1 : (byte)0;
        if (!answers) return new IoVector { Base = message, Length = length };
        ReadOnlySpan<byte> record = [0xC0, HeaderBytes, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 96, 0, 1];
        record.CopyTo(new Span<byte>(message + length, record.Length));
        return new IoVector { Base = message, Length = length + record.Length };
    }
}
