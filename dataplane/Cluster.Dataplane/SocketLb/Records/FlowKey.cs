using System.Runtime.InteropServices;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Who keeps a backend: a network namespace (ClientIP affinity) or a socket (unconnected UDP), at a service.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FlowKey(ulong Cookie, uint Service, uint Epoch);
