using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tests.Linux;

public sealed class ProgramPagesTests
{
    // What a native program lets go of is tested with the native program itself.
    [Fact]
    public void Release_InAProgramCompiledAsItRuns_LetsGoOfNothing() => Assert.Equal(0, ProgramPages.Release());
}
