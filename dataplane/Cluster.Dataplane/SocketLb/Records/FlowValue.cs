using System.Runtime.InteropServices;

namespace Cluster.Dataplane.SocketLb;

/// <summary>The backend that is kept, and the kernel's monotonic time of the last use in nanoseconds.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FlowValue(uint Backend, uint Identity, ulong LastUse);
