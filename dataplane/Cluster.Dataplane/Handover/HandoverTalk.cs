using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Handover;

/// <summary>One side of a handover in progress: sends and receives whole messages. Used by one thread.</summary>
internal sealed class HandoverTalk(DescriptorSocket socket)
{
    private readonly byte[] _received = new byte[DescriptorSocket.MaxMessageBytes];
    private readonly int[] _descriptors = new int[DescriptorSocket.MaxDescriptors];
    private int _length;
    private int _count;

    public HandoverWriter Out { get; } = new();

    /// <summary>The last message's content, behind its first byte.</summary>
    public HandoverReader In => new(_received.AsSpan(1, _length - 1));

    /// <summary>The last message, for the checksum.</summary>
    public ReadOnlySpan<byte> Bytes => _received.AsSpan(0, _length);

    /// <summary>What came along with the last message: the caller's to close from now on. Whatever is not taken is closed with the next message.</summary>
    public ReadOnlySpan<int> TakeDescriptors()
    {
        ReadOnlySpan<int> taken = _descriptors.AsSpan(0, _count);
        _count = 0;
        return taken;
    }

    public void Send() => socket.Send(Out.Bytes, Out.Descriptors);

    /// <summary>Says why it goes no further; what becomes of that is no matter.</summary>
    public void TryRefuse(string reason)
    {
        try
        {
            Out.Begin(HandoverMessage.Refused).Text(reason.Length > HandoverReader.MaxTextBytes / 4 ? reason[..(HandoverReader.MaxTextBytes / 4)] : reason);
            Send();
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            // Gone by itself.
        }
    }

    /// <summary>Receives a message of a kind.</summary>
    /// <exception cref="HandoverException">The other side refuses, has gone, or says something else.</exception>
    public void Expect(HandoverMessage kind)
    {
        if (Receive() is var got && got != kind) throw new HandoverException(got is null ? "the other process has ended the talk" : $"the other process says {got} instead of {kind}");
    }

    /// <summary>Receives the next message: its kind, or null where the other side has gone.</summary>
    /// <exception cref="HandoverException">The other side refuses, or says nothing.</exception>
    public HandoverMessage? Receive()
    {
        CloseDescriptors();
        try
        {
            _length = socket.Receive(_received, _descriptors, out _count);
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            throw new HandoverException(exception.Message, exception);
        }

        if (_length == 0) return null;
        var kind = (HandoverMessage)_received[0];
        return kind == HandoverMessage.Refused ? throw new HandoverException(In.Text()) : kind;
    }

    /// <summary>Closes what came along with the last message and was not taken.</summary>
    public void CloseDescriptors()
    {
        foreach (int descriptor in TakeDescriptors()) SocketCalls.Close(descriptor);
    }
}
