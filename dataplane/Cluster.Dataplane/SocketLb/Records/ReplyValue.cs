using System.Runtime.InteropServices;

namespace Cluster.Dataplane.SocketLb;

/// <summary>The address it had asked for, and shall see answers from.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ReplyValue(ulong AddressHigh, ulong AddressLow, uint Port, uint Zero);
