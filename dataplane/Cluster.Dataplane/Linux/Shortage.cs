using System.ComponentModel;

namespace Cluster.Dataplane.Linux;

/// <summary>Errors that say that this process or the system has no descriptors or memory left: they pass, and say nothing of anybody else.</summary>
internal static class Shortage
{
    public static bool Is(int error) => error is Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM;

    public static bool Is(Exception exception) => exception switch
    {
        Win32Exception failure => Is(failure.NativeErrorCode),
        // Where the runtime has no exception of its own for an error it gives the number.
        IOException failure => Is(failure.HResult),
        _ => false,
    };
}
