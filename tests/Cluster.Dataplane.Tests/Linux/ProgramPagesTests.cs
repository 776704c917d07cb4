using System.Runtime.InteropServices;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tests.Linux;

public sealed class ProgramPagesTests
{
    [Fact]
    public void Release_OfARunningProgram_LeavesItWhole()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        var before = NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "malloc");

        // The C library and the runtime are mapped megabytes; twice, for what comes back must go again.
        Assert.True(ProgramPages.Release() > 1 << 20);
        Assert.True(ProgramPages.Release() > 1 << 20);

        Assert.Equal(before, NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "malloc"));
        GC.Collect();
        Assert.Equal(Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), new FileInfo("/proc/self").LinkTarget);
    }
}
