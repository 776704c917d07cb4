using Docker.DotNet;
using Docker.DotNet.Models;

namespace Cluster.Containers.Docker;

public sealed partial class DockerRuntime
{
    // The engine would take ctrl-p ctrl-q out of the input and detach; a sequence nobody sends leaves the bytes alone.
    private const string NoDetachKeys = "ctrl-@,ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-_";

    public async Task<IContainerSession> StartExecAsync(string id, SessionSpec spec, CancellationToken cancellationToken)
    {
        var create = new ContainerExecCreateParameters
        {
            AttachStdin = spec.Stdin,
            AttachStdout = spec.Stdout,
            AttachStderr = spec.Stderr,
            TTY = spec.Tty,
            DetachKeys = NoDetachKeys,
            Cmd = spec.Command.ToList(),
        };
        var exec = await CallGate.RunAsync(
            "exec", ExecOverhead, token => client.Exec.CreateContainerExecAsync(id, create, token), cancellationToken);
        var start = new ContainerExecStartParameters { TTY = spec.Tty };
        var stream = await CallGate.RunAsync(
            "exec", ExecOverhead, token => client.Exec.StartContainerExecAsync(exec.ID, start, token), cancellationToken);
        return new DockerSession(client, stream, null, exec.ID, spec.Tty);
    }

    public async Task<IContainerSession> AttachAsync(string id, SessionSpec spec, CancellationToken cancellationToken)
    {
        var parameters = new ContainerAttachParameters
        {
            Stream = true, Stdin = spec.Stdin, Stdout = spec.Stdout, Stderr = spec.Stderr, DetachKeys = NoDetachKeys,
        };
        // The engine would join streams to what has ended too, and they would never end.
        if (await InspectAsync(id, cancellationToken) is { State: not ContainerRunState.Running })
            throw new RuntimeException(RuntimeFailure.Conflict, $"container not running ({id})");
        var stream = await CallGate.RunAsync(
            "attach", ExecOverhead, token => client.Containers.AttachContainerAsync(id, parameters, token), cancellationToken);
        var watch = new CancellationTokenSource();
        return new AttachedSession(new DockerSession(client, stream, id, null, spec.Tty), WaitForExitAsync(id, watch.Token), watch);
    }

    /// <summary>Completes when the container runs no more, or can't be asked about any longer; never fails.</summary>
    private async Task WaitForExitAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await client.Containers.WaitContainerAsync(id, cancellationToken);
        }
        catch (Exception exception)
            when (exception is DockerApiException or HttpRequestException or IOException or OperationCanceledException or TimeoutException)
        {
            // Removed, the engine gone, or the session let go: whatever it is, the streams are at their end.
        }
    }
}
