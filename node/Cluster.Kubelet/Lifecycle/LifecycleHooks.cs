using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Probes;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>Runs postStart and preStop handlers.</summary>
internal sealed class LifecycleHooks(IContainerRuntime runtime, Prober prober, TimeProvider time)
{
    /// <summary>Null when the hook succeeded, else why not.</summary>
    public async Task<string?> RunAsync(
        Container container, LifecycleHandler handler, string containerId, string podIP, TimeSpan limit,
        CancellationToken cancellationToken)
    {
        if (handler.Exec is { } exec)
        {
            var done = await runtime.ExecAsync(containerId, exec.Command, limit, cancellationToken);
            if (done.TimedOut) return $"command '{string.Join(' ', exec.Command)}' did not end within {Durations.Text(limit)}";
            return done.ExitCode == 0 ? null : $"command '{string.Join(' ', exec.Command)}' exited with {done.ExitCode}: {done.Output}";
        }

        if (handler.Sleep is { } sleep)
        {
            var wanted = TimeSpan.FromSeconds(sleep.Seconds);
            await Task.Delay(wanted < limit ? wanted : limit, time, cancellationToken);
            return null;
        }

        if (handler.HttpGet is null && handler.TcpSocket is null) return null;
        var probe = new ProbeHandler { HttpGet = handler.HttpGet, TcpSocket = handler.TcpSocket };
        var result = await prober.ProbeAsync(container, probe, limit, containerId, podIP, cancellationToken);
        return result.Success ? null : result.Output;
    }
}
