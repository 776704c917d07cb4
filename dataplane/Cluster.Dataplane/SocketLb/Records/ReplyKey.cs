using System.Runtime.InteropServices;

namespace Cluster.Dataplane.SocketLb;

/// <summary>A backend that an unconnected UDP socket was led to.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ReplyKey(ulong Cookie, ulong AddressHigh, ulong AddressLow, uint Port, uint Zero);
