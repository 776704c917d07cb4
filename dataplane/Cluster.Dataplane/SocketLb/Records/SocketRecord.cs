using System.Runtime.InteropServices;

namespace Cluster.Dataplane.SocketLb;

/// <summary>What is kept beside a connected socket: its backend, and the address it asked for.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SocketRecord(uint Backend, uint Identity, uint Service, uint Protocol, ulong AddressHigh, ulong AddressLow, uint Port, uint Zero)
{
    public const int Bytes = 40;
}
