using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Cluster.LoadTests.Linux;

/// <summary>struct sockaddr_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SocketAddressV4(IPEndPoint endPoint)
{
    public const int Size = 16;

    private readonly ushort _family = Libc.AF_INET;
    private readonly ushort _port = BinaryPrimitives.ReverseEndianness((ushort)endPoint.Port);
    private readonly uint _address = BitConverter.ToUInt32(endPoint.Address.GetAddressBytes());
    private readonly ulong _zero;
}
