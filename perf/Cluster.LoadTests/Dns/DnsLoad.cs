using System.Diagnostics;
using System.Runtime.InteropServices;
using Cluster.LoadTests.Linux;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Dns;

/// <summary>Clients that each keep some queries under way. Unit: right answers; wrong ones and lost queries are failures.</summary>
/// <param name="together">A client asks again when it has all answers, instead of one more for each.</param>
/// <param name="anew">And by another socket each time.</param>
internal sealed unsafe class DnsLoad(LoadLoop loop, LoadTarget target, DnsQueries queries, int clients, int window, bool together = false, bool anew = false) : Load(loop, target)
{
    private const int AnswerBytes = 512;
    private static readonly long LossTimeout = Stopwatch.Frequency / 10;

    private readonly List<Client> _clients = [];
    private readonly int _window = window;
    private readonly bool _together = together;
    private readonly bool _anew = anew;
    private readonly MultiMessage* _messages = (MultiMessage*)NativeMemory.AllocZeroed((nuint)window, (nuint)sizeof(MultiMessage));
    private readonly IoVector* _vectors = (IoVector*)NativeMemory.AllocZeroed((nuint)window, (nuint)sizeof(IoVector));
    private readonly byte* _answers = (byte*)NativeMemory.AllocZeroed((nuint)window, AnswerBytes);
    private int _next;
    private long _nextLook;

    public override void Open()
    {
        for (int i = 0; i < _window; i++) _messages[i] = new MultiMessage { Vectors = _vectors + i, VectorCount = 1 };
        for (int i = 0; i < clients; i++)
        {
            var client = new Client(Loop, this);
            Connect(client);
            _clients.Add(client);
            client.Send(_window);
        }

        Loop.BetweenBatches = SendLostAgain;
    }

    public override void Dispose()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_answers);
        base.Dispose();
    }

    private void Connect(Client client) => client.Attach(Sockets.ConnectUdp(new SocketAddressV4(Target.Entry)), Libc.EPOLLIN);

    private void SendLostAgain()
    {
        long now = Stopwatch.GetTimestamp();
        if (now < _nextLook) return;
        _nextLook = now + (LossTimeout / 5);
        foreach (Client client in _clients)
        {
            if (now - client.HeardAt < LossTimeout) continue;
            CountFailures(client.UnderWay);
            client.Forget();
            client.Send(_window);
        }
    }

    private int SendNext(int descriptor, int count)
    {
        for (int i = 0; i < count; i++)
        {
            _vectors[i] = new IoVector { Base = queries.Bytes(_next), Length = queries.Length(_next) };
            _next = _next + 1 == queries.Count ? 0 : _next + 1;
        }

        return Math.Max(0, Libc.sendmmsg(descriptor, _messages, (uint)count, Libc.MSG_DONTWAIT));
    }

    private int Receive(int descriptor)
    {
        for (int i = 0; i < _window; i++) _vectors[i] = new IoVector { Base = _answers + (i * AnswerBytes), Length = AnswerBytes };
        int count = Math.Max(0, Libc.recvmmsg(descriptor, _messages, (uint)_window, Libc.MSG_DONTWAIT, null));
        for (int i = 0; i < count; i++)
        {
            if (queries.IsRight(_answers + (i * AnswerBytes), (int)_messages[i].Length)) CountOperation();
            else CountFailures(1);
        }

        return count;
    }

    private sealed class Client(LoadLoop loop, DnsLoad load) : Peer(loop)
    {
        public int UnderWay { get; private set; }

        public long HeardAt { get; private set; } = Stopwatch.GetTimestamp();

        public override void Ready(uint events)
        {
            int count = load.Receive(Descriptor);
            HeardAt = Stopwatch.GetTimestamp();
            UnderWay = Math.Max(0, UnderWay - count);
            if (!load._together) Send(count);
            else if (UnderWay == 0) SendTogether();
        }

        private void SendTogether()
        {
            if (load._anew)
            {
                Close();
                load.Connect(this);
            }

            Send(load._window);
        }

        public void Forget() => UnderWay = 0;

        public void Send(int count)
        {
            if (count > 0) UnderWay += load.SendNext(Descriptor, count);
            HeardAt = Stopwatch.GetTimestamp();
        }
    }
}
