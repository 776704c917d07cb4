using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>In whose name this process acts.</summary>
public static partial class ProcessUser
{
    public static uint Effective => GetEffectiveUser();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();
}
