using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>A loop's socket for the one-way flows of an address family, made by the first of them, and the datagrams that wait for it.</summary>
/// <remarks>The kernel's word that a backend refused comes with the address it was sent to, so it is counted for that one alone.</remarks>
internal sealed class OneWaySocket(AddressFamily family, int capacity, UdpCounts counts) : IDisposable
{
    /// <summary>Refusing backends remembered: past it all are forgotten, and refuse again.</summary>
    private const int MaxRefusing = 1024;

    private readonly SendBatch _batch = new(capacity);
    private readonly Dictionary<(ClientAddress, ushort), int> _refusals = [];
    private int _descriptor = -1;
    private int _forgotten;
    private bool _joins = true;
    private Backend? _before;

    public void Add(ReadOnlySpan<byte> pinned, Backend backend)
    {
        if (_batch.Count == 0) _batch.Joins = _joins;
        Span<byte> address = stackalloc byte[SocketCalls.AddressSize];
        _batch.Add(pinned, address[..backend.WriteSocketAddress(address)], asBefore: ReferenceEquals(backend, _before));
        _before = backend;
    }

    /// <summary>How often the backend's address has refused.</summary>
    public int Refusals(Backend backend)
    {
        // Hardly ever is there one.
        if (_refusals.Count == 0) return _forgotten;
        return _forgotten + _refusals.GetValueOrDefault((backend.Host, (ushort)backend.Address.Port));
    }

    /// <summary>Sends all that wait.</summary>
    public void Send()
    {
        if (_batch.Count == 0) return;
        if (_descriptor < 0) _descriptor = DatagramCalls.OpenSendOnly(family);
        while (_batch.Done < _batch.Count)
        {
            int went = _batch.Send(_descriptor);
            if (went > 0)
            {
                counts.ToBackends += went;
                continue;
            }

            int error = SocketCalls.Error;
            // An earlier datagram's error is told once, in place of this one's sending: with the errors taken, it may go. But what is too
            // large stays too large, told or not.
            bool told = TakeRefusals();
            if (error == Errno.EINTR || (told && !DatagramCalls.IsLoss(error))) continue;
            if (DatagramCalls.IsOfJoined(error) && _batch.Separate()) _joins = false;
            else counts.Dropped += _batch.Skip();
        }

        _before = null;
        _batch.Clear();
    }

    public void Dispose()
    {
        if (_descriptor >= 0) SocketCalls.Close(_descriptor);
    }

    /// <summary>True where any was waiting.</summary>
    private bool TakeRefusals()
    {
        bool any = false;
        Span<byte> destination = stackalloc byte[SocketCalls.AddressSize];
        while (DatagramCalls.TakeError(_descriptor, destination, out int error))
        {
            any = true;
            // A frame too small somewhere on the way says nothing of the backend.
            if (!DatagramCalls.IsRefusal(error)) continue;
            if (_refusals.Count >= MaxRefusing)
            {
                // Whoever remembers a smaller number looks for another backend once more.
                _forgotten += _refusals.Values.Max() + 1;
                _refusals.Clear();
            }

            (ClientAddress, ushort) refusing = (ClientAddress.FromSocketAddress(destination), ClientAddress.PortOf(destination));
            _refusals[refusing] = _refusals.GetValueOrDefault(refusing) + 1;
        }

        return any;
    }
}
