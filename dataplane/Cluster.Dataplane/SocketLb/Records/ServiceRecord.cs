using System.Runtime.InteropServices;

namespace Cluster.Dataplane.SocketLb;

/// <summary>A service port in the kernel's memory, one cache line. Programs write the cursors and counters, this process the rest.</summary>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal struct ServiceRecord
{
    public const int Bytes = 64;

    /// <summary>The list of backends for virtual addresses, see <see cref="ListReference"/>; 0: none, connections pass untouched.</summary>
    [FieldOffset(0)]
    public ulong Internal;

    /// <summary>The list for external addresses and node ports.</summary>
    [FieldOffset(8)]
    public ulong External;

    [FieldOffset(16)]
    public uint InternalCursor;

    [FieldOffset(20)]
    public uint ExternalCursor;

    /// <summary>Given once to a service port; 0: the slot is free.</summary>
    [FieldOffset(24)]
    public uint Identity;

    /// <summary>Changes with what makes the past of clients void; part of every key that remembers.</summary>
    [FieldOffset(28)]
    public uint Epoch;

    /// <summary>Hash of its name, by which the next process finds it again.</summary>
    [FieldOffset(32)]
    public ulong Name;

    /// <summary>Connections and datagrams refused for want of a backend.</summary>
    [FieldOffset(40)]
    public ulong Refused;

    /// <summary>Flows of unconnected UDP sockets that were given a backend.</summary>
    [FieldOffset(48)]
    public ulong Flows;
}
