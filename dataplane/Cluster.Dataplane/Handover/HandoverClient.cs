using Cluster.Dataplane.Linux;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Handover;

/// <summary>The new process's side: takes over from the one that serves. Its calls block, and come in the order in which they stand here.</summary>
internal sealed class HandoverClient : IDisposable
{
    private readonly DescriptorSocket _socket;
    private readonly HandoverTalk _talk;

    private HandoverClient(DescriptorSocket socket)
    {
        _socket = socket;
        _talk = new HandoverTalk(socket);
    }

    /// <summary>The process that serves.</summary>
    public int Pid { get; private set; }

    /// <summary>Finds the process that serves; null where there is none.</summary>
    /// <exception cref="HandoverException">It refuses, or acts in another user's name.</exception>
    public static HandoverClient? TryConnect(FolderHandle folder, uint user)
    {
        try
        {
            if (DescriptorSocket.Connect(folder, HandoverProtocol.SocketName) is not { } socket) return null;
            var client = new HandoverClient(socket);
            try
            {
                if (socket.PeerUser is var other && other != user) throw new HandoverException($"the running process is user {other}'s, this one user {user}'s");
                client.Greet();
                return client;
            }
            catch
            {
                client.Dispose();
                throw;
            }
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            throw new HandoverException(exception.Message, exception);
        }
    }

    /// <summary>Receives the listening sockets there are.</summary>
    /// <exception cref="HandoverException">It failed; the other process serves on.</exception>
    public void ReceiveListeners(HandoverSockets into)
    {
        uint checksum = 0, total = 0;
        while (_talk.Receive() is HandoverMessage.Listeners)
        {
            checksum = HandoverProtocol.Checksum(checksum, _talk.Bytes);
            HandoverReader kinds = _talk.In;
            ReadOnlySpan<int> descriptors = _talk.TakeDescriptors();
            foreach (int descriptor in descriptors) into.Receive(kinds.IsAtEnd ? default : (ListenerKind)kinds.Byte(), descriptor);
            total += (uint)descriptors.Length;
            if (total > HandoverProtocol.MaxListeners) throw new HandoverException("the other process sends more sockets than there can be");
        }

        HandoverReader end = Ended(HandoverMessage.ListenersEnd);
        if (end.Number() != total || end.Number() != checksum) throw new HandoverException("the other process's sockets did not arrive as they were sent");
    }

    /// <summary>Says that all is prepared; the other process rests now, and tells the rest.</summary>
    /// <exception cref="HandoverException">It failed; the other process serves on.</exception>
    public HandedState TakeState(HandoverSockets into)
    {
        _talk.Out.Begin(HandoverMessage.Ready);
        Send();
        ReceiveListeners(into);
        var flows = new List<HandedFlow>();
        try
        {
            return ReceiveState(flows);
        }
        catch
        {
            foreach (HandedFlow flow in flows)
                if (flow.Descriptor >= 0) SocketCalls.Close(flow.Descriptor);
            throw;
        }
    }

    /// <summary>Takes over: when this returns, the other process serves established connections alone.</summary>
    /// <exception cref="HandoverException">It has changed its mind, and serves on.</exception>
    public void Take()
    {
        _talk.Out.Begin(HandoverMessage.Taken);
        try
        {
            Send();
            // One that has gone without a word was killed in this very moment: there is nobody else who could serve.
            if (ReceiveLast() is { } answer && answer != HandoverMessage.Yours) throw new HandoverException($"the other process says {answer} instead of {HandoverMessage.Yours}");
        }
        catch (HandoverException exception) when (exception.IsGone)
        {
            // As above.
        }
    }

    /// <summary>Waits until the other process has let go of the host's state too.</summary>
    public void WaitForEnd()
    {
        try
        {
            while (_talk.Receive() is not null)
            {
            }
        }
        catch (HandoverException)
        {
            // Its end, or too long for it: what it may still change is looked over again from time to time.
        }
    }

    /// <summary>Says why it goes no further; the other process serves on.</summary>
    public void GiveUp(string reason) => _talk.TryRefuse(reason);

    public void Dispose() => _socket.Dispose();

    private void Greet()
    {
        _socket.SetTimeout(HandoverProtocol.StepTimeout);
        _talk.Out.Begin(HandoverMessage.Hello).Number(HandoverProtocol.Magic).Number(HandoverProtocol.Version).Number((uint)Environment.ProcessId);
        _talk.Send();
        _talk.Expect(HandoverMessage.Welcome);
        HandoverReader welcome = _talk.In;
        uint version = welcome.Number();
        if (version != HandoverProtocol.Version) throw new HandoverException($"the running process speaks version {version} of the handover protocol, this one version {HandoverProtocol.Version}");
        Pid = (int)welcome.Number();
    }

    // One that says nothing for so long may wake up yet: whether it can still say that this process serves is settled before it is given up.
    private HandoverMessage? ReceiveLast()
    {
        try
        {
            return _talk.Receive();
        }
        catch (HandoverException exception) when (exception.InnerException is TimeoutException)
        {
            _socket.TryShutdown();
            return _talk.Receive() ?? throw new HandoverException(exception.Message, exception);
        }
    }

    private void Send()
    {
        try
        {
            _talk.Send();
        }
        catch (EndOfStreamException exception)
        {
            // What it said before, if it did, is the reason.
            while (_talk.Receive() is not null)
            {
            }

            throw new HandoverException(exception.Message, exception) { IsGone = true };
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            throw new HandoverException(exception.Message, exception);
        }
    }

    private HandoverReader Ended(HandoverMessage kind) => !_talk.Bytes.IsEmpty && _talk.Bytes[0] == (byte)kind
        ? _talk.In
        : throw new HandoverException($"the other process ended without {kind}") { IsGone = _talk.Bytes.IsEmpty };

    private HandedState ReceiveState(List<HandedFlow> flows)
    {
        uint checksum = 0;
        while (_talk.Receive() is HandoverMessage.Flows)
        {
            checksum = HandoverProtocol.Checksum(checksum, _talk.Bytes);
            ReadFlows(flows);
            if (flows.Count > HandoverProtocol.MaxFlows) throw new HandoverException("the other process sends more flows than there can be");
        }

        var affinities = new List<HandedAffinity>();
        for (bool more = true; more; more = _talk.Receive() is HandoverMessage.Affinities)
        {
            HandoverReader reader = Ended(HandoverMessage.Affinities);
            checksum = HandoverProtocol.Checksum(checksum, _talk.Bytes);
            while (!reader.IsAtEnd) affinities.Add(HandedStateCodec.ReadAffinity(ref reader));
            if (affinities.Count > HandoverProtocol.MaxAffinities) throw new HandoverException("the other process sends more clients than there can be");
        }

        var penalties = new List<HandedPenalty>();
        for (bool more = true; more; more = _talk.Receive() is HandoverMessage.Penalties)
        {
            HandoverReader reader = Ended(HandoverMessage.Penalties);
            checksum = HandoverProtocol.Checksum(checksum, _talk.Bytes);
            while (!reader.IsAtEnd) penalties.Add(HandedStateCodec.ReadPenalty(ref reader));
            if (penalties.Count > HandoverProtocol.MaxPenalties) throw new HandoverException("the other process sends more penalties than there can be");
        }

        HandoverReader end = Ended(HandoverMessage.StateEnd);
        if (end.Number() != flows.Count || end.Number() != affinities.Count || end.Number() != penalties.Count || end.Number() != checksum)
            throw new HandoverException("the other process's flows did not arrive as they were sent");
        return new HandedState(flows, affinities, penalties);
    }

    private void ReadFlows(List<HandedFlow> flows)
    {
        int next = 0;
        ReadOnlySpan<int> descriptors = _talk.TakeDescriptors();
        try
        {
            HandoverReader reader = _talk.In;
            while (!reader.IsAtEnd) flows.Add(HandedStateCodec.ReadFlow(ref reader, descriptors, ref next));
        }
        finally
        {
            foreach (int descriptor in descriptors[next..]) SocketCalls.Close(descriptor);
        }
    }
}
