using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Where a socket wants to go: the key of the frontend map. IPv4 in its IPv6-mapped form; address and port in network order.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct FrontendKey
{
    public const int Bytes = 20;
    private const byte Tcp = 6;
    private const byte Udp = 17;

    private readonly ulong _addressHigh;
    private readonly ulong _addressLow;
    private readonly ushort _port;
    private readonly byte _protocol;
    private readonly byte _zero;

    public FrontendKey(IPAddress address, int port, ServiceProtocol protocol)
    {
        var client = ClientAddress.From(address);
        _addressHigh = BinaryPrimitives.ReverseEndianness(client.High);
        _addressLow = BinaryPrimitives.ReverseEndianness(client.Low);
        _port = BinaryPrimitives.ReverseEndianness((ushort)port);
        _protocol = protocol == ServiceProtocol.Tcp ? Tcp : Udp;
    }
}
