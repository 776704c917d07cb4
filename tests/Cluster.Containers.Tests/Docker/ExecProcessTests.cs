using Cluster.Containers.Docker;
using Docker.DotNet.Models;

namespace Cluster.Containers.Tests.Docker;

public sealed class ExecProcessTests
{
    [Theory]
    [InlineData(new[] { 0, 0, 77, 78 }, 77)]
    [InlineData(new[] { 77 }, 77)]
    [InlineData(new[] { 0, -1 }, null)]
    [InlineData(new[] { -1 }, null)]
    public async Task FindAsync_AsksUntilTheEngineKnowsTheProcess(int[] told, int? expected)
    {
        var asked = 0;

        // -1 stands for a command that has ended.
        var found = await ExecProcess.FindAsync(() => Task.FromResult(told[asked++] switch
        {
            -1 => new ContainerExecInspectResponse { Running = false, ExitCode = 1 },
            var process => new ContainerExecInspectResponse { Running = true, Pid = process },
        }));

        Assert.Equal(expected, found);
    }
}
