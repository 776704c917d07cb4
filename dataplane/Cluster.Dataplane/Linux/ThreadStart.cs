using System.ComponentModel;

namespace Cluster.Dataplane.Linux;

/// <summary>Starts threads where there may be nothing left to start them with.</summary>
internal static class ThreadStart
{
    /// <exception cref="Win32Exception">A <see cref="Shortage"/>: the runtime, which needs descriptors and memory for it, says that it is out of memory.</exception>
    public static void TryStart(this Thread thread)
    {
        try
        {
            thread.Start();
        }
        catch (OutOfMemoryException)
        {
            throw new Win32Exception(Errno.ENOMEM, "No thread can be started: out of descriptors or memory");
        }
    }
}
