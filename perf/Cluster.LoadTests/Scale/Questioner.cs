using System.Diagnostics;
using System.Net;
using Cluster.LoadTests.Linux;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Scale;

/// <summary>Backends of two sets that say which set they are of, and a client that asks a service, one connection at a time.</summary>
internal sealed unsafe class Questioner : IDisposable
{
    /// <summary>No answer: refused, reset, or none in time.</summary>
    public const int None = -1;

    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(1);

    private readonly LoadLoop _loop;
    private readonly Client _client;

    public Questioner(StopSignal stop)
    {
        _loop = new LoadLoop(stop) { Spins = true };
        _client = new Client(_loop);
        for (int set = 0; set < 2; set++)
        {
            for (int number = 0; number < ScaleTable.BackendsPerService; number++)
                new Backend(_loop, (byte)set).Attach(Sockets.Listen(ScaleTable.Backend(set, number)), Libc.EPOLLIN);
        }
    }

    /// <summary>Answers on every address of the host by itself.</summary>
    public void ListenEverywhere(int port) => new Backend(_loop, 0).Attach(Sockets.Listen(new IPEndPoint(IPAddress.Any, port)), Libc.EPOLLIN);

    /// <summary>Connects to a service and reads its answer.</summary>
    /// <returns>The set of the backend that answered, or <see cref="None"/>; and how long it took.</returns>
    public (int Set, TimeSpan Time) Ask(IPEndPoint service)
    {
        long begin = Stopwatch.GetTimestamp();
        int descriptor = Sockets.Connect(new SocketAddressV4(service));
        if (descriptor < 0) return (None, Stopwatch.GetElapsedTime(begin));
        _client.Begin(descriptor);
        _loop.RunUntil(_client.IsDone, AnswerTime);
        TimeSpan time = Stopwatch.GetElapsedTime(begin);
        _client.Close();
        return (_client.Set, time);
    }

    /// <summary>Lets what is under way come to its end.</summary>
    public void Rest(TimeSpan time)
    {
        _loop.Spins = false;
        _loop.Run(time);
        _loop.Spins = true;
    }

    public void Dispose() => _loop.Dispose();

    private sealed class Client(LoadLoop loop) : Peer(loop)
    {
        private bool _done;

        public int Set { get; private set; } = None;

        public Func<bool> IsDone => () => _done;

        public void Begin(int descriptor)
        {
            (_done, Set) = (false, None);
            Attach(descriptor, Libc.EPOLLIN);
        }

        public override void Ready(uint events)
        {
            nint count = Libc.recv(Descriptor, Loop.Buffer, 1, 0);
            if (count < 0 && Libc.Error == Libc.EAGAIN) return;
            if (count == 1) Set = *Loop.Buffer;
            _done = true;
        }
    }

    private sealed class Backend(LoadLoop loop, byte set) : Peer(loop)
    {
        public override void Ready(uint events)
        {
            int descriptor;
            while ((descriptor = Sockets.Accept(Descriptor)) >= 0)
            {
                *Loop.Buffer = set;
                _ = Libc.send(descriptor, Loop.Buffer, 1, Libc.MSG_NOSIGNAL);
                _ = Libc.close(descriptor);
            }
        }
    }
}
