using System.Runtime.InteropServices;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Bytes of the TCP connections of a backend that have ended. Programs write, this process reads.</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct TrafficRecord(ulong ToBackend, ulong ToClient);
