using System.Runtime.InteropServices;
using Cluster.Containers.Linux;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Cluster.Containers.Docker;

/// <summary>A hijacked connection to the engine: a command's streams, or those of a container's first process.</summary>
/// <param name="client">The engine.</param>
/// <param name="stream">The connection.</param>
/// <param name="container">What is attached to; null for a command.</param>
/// <param name="exec">The command; null for a container.</param>
/// <param name="tty">A terminal is in between.</param>
internal sealed class DockerSession(DockerClient client, MultiplexedStream stream, string? container, string? exec, bool tty)
    : IContainerSession
{
    // The engine knows a command's end a moment after its streams ended; one that closed them and goes on is asked about less and less.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(1);

    // The first size comes with the start, sometimes before the engine has the terminal.
    private const int ResizeAttempts = 5;

    private bool ended;

    public async ValueTask<SessionOutput> ReadAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            var read = await stream.ReadOutputAsync(buffer, 0, buffer.Length, cancellationToken);
            return read.EOF ? default : new SessionOutput(read.Count, read.Target == MultiplexedStream.TargetStream.StandardError);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw CallGate.Translate("read", exception);
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var array = MemoryMarshal.TryGetArray(bytes, out var segment) ? segment : new ArraySegment<byte>(bytes.ToArray());
        try
        {
            await stream.WriteAsync(array.Array!, array.Offset, array.Count, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw CallGate.Translate("write", exception);
        }
    }

    public void CloseInput()
    {
        try
        {
            stream.CloseWrite();
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            // The process, and with it the connection, ended first.
        }
    }

    public async Task ResizeAsync(int width, int height, CancellationToken cancellationToken)
    {
        if (!tty) return;
        var size = new ContainerResizeParameters { Width = width, Height = height };
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await CallGate.RunAsync("resize", DockerRuntime.ExecOverhead, token => ResizeAsync(size, token), cancellationToken);
                return;
            }
            catch (RuntimeException) when (attempt < ResizeAttempts)
            {
                await Task.Delay(FirstPause * attempt, cancellationToken);
            }
        }
    }

    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        if (exec is null)
        {
            ended = true;
            return 0;
        }

        for (var pause = FirstPause; ; pause = pause * 2 < LastPause ? pause * 2 : LastPause)
        {
            var state = await InspectAsync(exec, cancellationToken);
            if (!state.Running)
            {
                ended = true;
                return (int)(state.ExitCode ?? 0);
            }

            await Task.Delay(pause, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        stream.Dispose();
        if (ended || !tty || exec is null) return;
        try
        {
            if (await ExecProcess.FindAsync(() => InspectAsync(exec, CancellationToken.None)) is { } process) ProcessCalls.SendHangUp(process);
        }
        catch (RuntimeException)
        {
            // The container or the engine is gone, and the command with it.
        }
    }

    private Task ResizeAsync(ContainerResizeParameters size, CancellationToken cancellationToken) => exec is null
        ? client.Containers.ResizeContainerTtyAsync(container!, size, cancellationToken)
        : client.Exec.ResizeExecTtyAsync(exec, size, cancellationToken);

    private Task<ContainerExecInspectResponse> InspectAsync(string id, CancellationToken cancellationToken) =>
        CallGate.RunAsync("exec", DockerRuntime.ExecOverhead, token => client.Exec.InspectContainerExecAsync(id, token), cancellationToken);
}
