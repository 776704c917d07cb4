using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>
/// A loop's sockets for all frontends of one family whose datagrams are steered to it: one receives for them, one sends in their names.
/// </summary>
/// <remarks>
/// A socket bound to each frontend's address would do for the sending, but could not be had where a host process has the port on every
/// address, and would keep such a process from it: so the replies' headers are written here (<see cref="UdpHeader"/>).
/// </remarks>
/// <param name="family">The frontends' family.</param>
/// <param name="receiver">Receives; shares its port with those of the other loops.</param>
/// <param name="sender">A raw socket.</param>
internal sealed class SteeredSockets(AddressFamily family, int receiver, int sender)
{
    public AddressFamily Family { get; } = family;

    public int Receiver { get; } = receiver;

    /// <summary>The receiver, as the kernel names it in every process.</summary>
    public ulong Cookie { get; } = SocketCalls.Cookie(receiver);

    public ReplySocket Replies { get; } = new(sender, family == AddressFamily.InterNetworkV6, isRaw: true);

    /// <summary>Opens those of a family for a number of loops; none, with the error in <see cref="SocketCalls.Error"/>, where any can't be.</summary>
    public static SteeredSockets[] Open(AddressFamily family, int loops)
    {
        var opened = new List<SteeredSockets>(loops);
        int port = 0;
        while (opened.Count < loops)
        {
            int receiver = DatagramCalls.OpenSteered(family, port);
            int sender = receiver < 0 ? -1 : DatagramCalls.OpenRaw(family);
            if (sender < 0)
            {
                int error = SocketCalls.Error;
                if (receiver >= 0) SocketCalls.Close(receiver);
                foreach (SteeredSockets sockets in opened) sockets.Close();
                Marshal.SetLastPInvokeError(error);
                return [];
            }

            if (port == 0) port = SocketCalls.LocalPort(receiver);
            opened.Add(new SteeredSockets(family, receiver, sender));
        }

        return [.. opened];
    }

    /// <summary>The same with receivers of another process, each with the clients that the kernel gives it: others beside them would take some of those away.</summary>
    public static SteeredSockets[] Open(AddressFamily family, int[] receivers)
    {
        var opened = new List<SteeredSockets>(receivers.Length);
        foreach (int receiver in receivers)
        {
            int sender = DatagramCalls.OpenRaw(family);
            if (sender >= 0)
            {
                opened.Add(new SteeredSockets(family, receiver, sender));
                continue;
            }

            int error = SocketCalls.Error;
            foreach (SteeredSockets sockets in opened) sockets.Close();
            foreach (int left in receivers.AsSpan(opened.Count)) SocketCalls.Close(left);
            Marshal.SetLastPInvokeError(error);
            return [];
        }

        return [.. opened];
    }

    public void Close()
    {
        SocketCalls.Close(Receiver);
        SocketCalls.Close(Replies.Descriptor);
    }
}
