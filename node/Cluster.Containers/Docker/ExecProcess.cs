using Docker.DotNet.Models;

namespace Cluster.Containers.Docker;

/// <summary>Which process of the host a command in a container is.</summary>
internal static class ExecProcess
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(2);

    /// <summary>Asks until the engine knows.</summary>
    /// <remarks>The engine calls a command running, and passes its output on, some time before it has noted its process: until then it tells 0.</remarks>
    /// <returns>The process; null: it has ended, or the engine does not come to know it.</returns>
    public static async Task<int?> FindAsync(Func<Task<ContainerExecInspectResponse>> inspect)
    {
        for (var pause = FirstPause; pause < LastPause; pause *= 2)
        {
            var state = await inspect();
            if (!state.Running) return null;
            if (state.Pid > 0) return (int)state.Pid;
            await Task.Delay(pause);
        }

        return null;
    }
}
