using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.SocketLookup;

/// <summary>Whose turn it is among the listeners of a family, and how many there are. The program adds to the first, we write the second.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LookupTurns
{
    public ulong Turn;
    public ulong Listeners;
}
