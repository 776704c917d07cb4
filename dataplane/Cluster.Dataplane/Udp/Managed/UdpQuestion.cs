using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>Per-datagram mode: a socket connected to one backend that carries one client's question after the other's.</summary>
/// <remarks>Nobody else uses it between question and answer, so the answer finds who asked, whatever the datagrams say.</remarks>
internal sealed class UdpQuestion : UdpSession
{
    private int _asked;

    public UdpQuestion(UdpFrontend frontend, in UdpSessionKey key, SocketAddress client, Backend backend, TimeSpan answerTimeout, TimeProvider time)
        : base(frontend, key, client, backend, answerTimeout, time)
    {
    }

    /// <summary>Goes on with a socket of another process; see <see cref="UdpSession"/>.</summary>
    public UdpQuestion(UdpFrontend frontend, in UdpSessionKey key, SocketAddress client, Backend backend, Socket upstream, TimeSpan answerTimeout, TimeProvider time)
        : base(frontend, key, client, backend, upstream, answerTimeout, time)
    {
    }

    public override UdpMode Mode => UdpMode.PerDatagram;

    /// <summary>A client waits for the answer.</summary>
    public bool IsAsked => Volatile.Read(ref _asked) != 0;

    /// <summary>Its backend is gone: it ends with the answer.</summary>
    public bool IsRetired { get; set; }

    /// <summary>Is a client's from now on. For the frontend's loop, while nobody is waiting.</summary>
    public void Ask(SocketAddress client)
    {
        SetClient(client);
        Backend.State.Opened();
        // What is written above is seen by whoever takes the answer.
        Volatile.Write(ref _asked, 1);
    }

    protected override void Deliver(ReadOnlySpan<byte> datagram)
    {
        // A second answer has nobody to go to.
        if (!EndQuestion()) return;
        Touch();
        Frontend.Reply(datagram, Client);
        Frontend.Answered(this);
    }

    // Counted while a client waits, and not while the socket rests.
    protected override void CountOpened()
    {
    }

    protected override void CountClosed() => EndQuestion();

    private bool EndQuestion()
    {
        if (Interlocked.Exchange(ref _asked, 0) == 0) return false;
        Backend.State.Closed();
        return true;
    }
}
