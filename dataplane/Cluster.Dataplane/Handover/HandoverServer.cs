using Cluster.Dataplane.Linux;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Handover;

/// <summary>Waits for a successor and hands over to it, on a thread of its own. Until the successor has everything, this process serves on whatever happens.</summary>
internal sealed class HandoverServer : IDisposable
{
    /// <summary>How long it rests where the kernel gives no descriptor for who comes.</summary>
    private static readonly TimeSpan ExhaustedPause = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _handedOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HandoverSockets _sockets;
    private readonly IHandoverSource _source;
    private readonly ILogger _logger;
    private readonly uint _user;
    private readonly DescriptorSocket _listener;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stopping = new();
    private volatile DescriptorSocket? _peer;

    /// <param name="folder">Private to this user.</param>
    /// <param name="sockets">What this process listens on.</param>
    /// <param name="source">The rest.</param>
    /// <param name="logger">Told of every try.</param>
    /// <param name="user">In whose name a successor must act.</param>
    /// <exception cref="IOException">The socket can't be made.</exception>
    public HandoverServer(FolderHandle folder, HandoverSockets sockets, IHandoverSource source, ILogger logger, uint user)
    {
        _sockets = sockets;
        _source = source;
        _logger = logger;
        _user = user;
        _listener = DescriptorSocket.Listen(folder, HandoverProtocol.SocketName);
        _thread = new Thread(Run) { IsBackground = true, Name = "handover" };
        _thread.Start();
    }

    /// <summary>A successor serves.</summary>
    public Task HandedOver => _handedOver.Task;

    /// <summary>The process that took over; 0 before.</summary>
    public int SuccessorPid { get; private set; }

    public void Dispose()
    {
        _stopping.Set();
        if (_thread.IsAlive) _listener.TryShutdown();
        _peer?.TryShutdown();
        _thread.Join();
        _stopping.Dispose();
    }

    private void Run()
    {
        while (!_stopping.IsSet)
        {
            if (!TryAccept(out DescriptorSocket? peer)) continue;
            if (peer is null) break;
            using (peer)
            {
                _peer = peer;
                bool handedOver = !_stopping.IsSet && Serve(peer);
                _peer = null;
                if (handedOver) break;
            }
        }

        // Whoever comes now is not for this process to answer.
        _listener.Dispose();
    }

    // Whoever comes while there is no descriptor for it waits in the kernel's queue, and has patience.
    private bool TryAccept(out DescriptorSocket? peer)
    {
        try
        {
            peer = _listener.Accept();
            return true;
        }
        catch (IOException exception)
        {
            _logger.LogWarning("Another process that would take over has to wait: {Reason}", exception.Message);
            _stopping.Wait(ExhaustedPause);
            peer = null;
            return false;
        }
    }

    /// <summary>True once this process is the old one.</summary>
    private bool Serve(DescriptorSocket peer)
    {
        var talk = new HandoverTalk(peer);
        try
        {
            uint pid = Greet(peer, talk);
            var sent = new HashSet<ulong>();
            SendListeners(talk, sent);
            peer.SetTimeout(HandoverProtocol.ReadyTimeout);
            talk.Expect(HandoverMessage.Ready);
            peer.SetTimeout(HandoverProtocol.StepTimeout);
            HandOver(talk, sent);
            LetGo();
            _logger.LogInformation("Process {Pid} serves from now on; this one serves the connections it has until they end", pid);
            SuccessorPid = (int)pid;
            _handedOver.TrySetResult();
            return true;
        }
        catch (Exception exception) when (exception is HandoverException or IOException or TimeoutException)
        {
            talk.TryRefuse(exception.Message);
            if (!_stopping.IsSet) _logger.LogWarning("Another process could not take over, this one serves on: {Reason}", exception.Message);
            return false;
        }
        catch (Exception exception)
        {
            // The top of the thread: whatever is wrong with handing over, serving goes on. Silence would mean that this process is no more.
            talk.TryRefuse(exception.Message);
            _logger.LogError(exception, "Another process could not take over, this one serves on");
            return false;
        }
        finally
        {
            // Nobody has to send any here; those that came are not kept.
            talk.CloseDescriptors();
        }
    }

    private uint Greet(DescriptorSocket peer, HandoverTalk talk)
    {
        peer.SetTimeout(HandoverProtocol.StepTimeout);
        // Read before it is refused: the kernel would tell of a reset instead of the reason.
        talk.Expect(HandoverMessage.Hello);
        if (peer.PeerUser is var user && user != _user) throw new HandoverException($"a process of user {user} may not take over from one of user {_user}");
        HandoverReader hello = talk.In;
        uint magic = hello.Number(), version = hello.Number(), pid = hello.Number();
        if (magic != HandoverProtocol.Magic) throw new HandoverException("whoever asks to take over speaks another protocol");
        if (version != HandoverProtocol.Version)
            throw new HandoverException($"the running process speaks version {HandoverProtocol.Version} of the handover protocol, the new one version {version}: stop the one before starting the other");
        talk.Out.Begin(HandoverMessage.Welcome).Number(HandoverProtocol.Version).Number((uint)Environment.ProcessId);
        talk.Send();
        return pid;
    }

    // Those that have been sent are known by their cookies: what came up meanwhile is sent by the second call.
    private void SendListeners(HandoverTalk talk, HashSet<ulong> sent)
    {
        uint checksum = 0, total = 0;
        var copies = new List<int>();
        HandoverWriter message = talk.Out.Begin(HandoverMessage.Listeners);
        foreach (int descriptor in _sockets.Descriptors())
        {
            if (!_sockets.TryCopy(descriptor, out ListenerKind kind, out int copy)) continue;
            copies.Add(copy);
            if (!sent.Add(SocketCalls.Cookie(copy))) continue;
            message.Byte((byte)kind).Descriptor(copy);
            total++;
            if (message.HasRoomForDescriptor) continue;
            checksum = Flush(talk, copies, checksum);
            message.Begin(HandoverMessage.Listeners);
        }

        checksum = Flush(talk, copies, checksum);
        talk.Out.Begin(HandoverMessage.ListenersEnd).Number(total).Number(checksum);
        talk.Send();
    }

    private static uint Flush(HandoverTalk talk, List<int> copies, uint checksum)
    {
        try
        {
            if (talk.Out.Descriptors.Length > 0)
            {
                checksum = HandoverProtocol.Checksum(checksum, talk.Out.Bytes);
                talk.Send();
            }
        }
        finally
        {
            foreach (int copy in copies) SocketCalls.Close(copy);
            copies.Clear();
        }

        return checksum;
    }

    // This thread is the talk's own: it may wait for the data plane's loop.
    private void HandOver(HandoverTalk talk, HashSet<ulong> sent)
    {
        try
        {
            HandedState state = _source.SuspendAsync().GetAwaiter().GetResult();
            SendListeners(talk, sent);
            SendState(talk, state);
            talk.Expect(HandoverMessage.Taken);
            talk.Out.Begin(HandoverMessage.Yours);
            talk.Send();
        }
        catch
        {
            _source.ResumeAsync().GetAwaiter().GetResult();
            throw;
        }
    }

    private void LetGo()
    {
        try
        {
            _source.LetGoAsync().GetAwaiter().GetResult();
        }
        catch (Exception exception)
        {
            // The top of this thread, and no way back: the other process serves by now.
            _logger.LogError(exception, "Not everything could be left to the process that serves now");
        }
    }

    private static void SendState(HandoverTalk talk, HandedState state)
    {
        uint checksum = SendEach(talk, HandoverMessage.Flows, state.Flows, HandedStateCodec.Write, 0);
        checksum = SendEach(talk, HandoverMessage.Affinities, state.Affinities, HandedStateCodec.Write, checksum);
        checksum = SendEach(talk, HandoverMessage.Penalties, state.Penalties, HandedStateCodec.Write, checksum);
        talk.Out.Begin(HandoverMessage.StateEnd)
            .Number((uint)state.Flows.Count).Number((uint)state.Affinities.Count).Number((uint)state.Penalties.Count).Number(checksum);
        talk.Send();
    }

    // As many as have room in each message; one at least, which may be empty.
    private static uint SendEach<T>(HandoverTalk talk, HandoverMessage kind, IReadOnlyList<T> entries, Action<HandoverWriter, T> write, uint checksum)
    {
        HandoverWriter message = talk.Out.Begin(kind);
        foreach (T entry in entries)
        {
            write(message, entry);
            if (message.HasRoomForDescriptor && message.Room >= HandoverProtocol.LargestEntryBytes) continue;
            checksum = HandoverProtocol.Checksum(checksum, message.Bytes);
            talk.Send();
            message.Begin(kind);
        }

        checksum = HandoverProtocol.Checksum(checksum, message.Bytes);
        talk.Send();
        return checksum;
    }
}
