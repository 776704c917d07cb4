using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Cluster.Dataplane.Linux;

/// <summary>A socket that nothing is done with, one a process, to stand in for others: see <see cref="SocketCalls.Abandon"/>.</summary>
internal static class UnusedSocket
{
    public static int Descriptor { get; } = SocketCalls.OpenUdp(AddressFamily.InterNetwork);

    /// <summary>Opens it, early enough that there is a descriptor for it.</summary>
    public static void Open() => RuntimeHelpers.RunClassConstructor(typeof(UnusedSocket).TypeHandle);
}
