using System.Globalization;
using System.Text;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Cluster.Containers.Docker;

public sealed partial class DockerRuntime
{
    // What a probe's message may show; the rest is read and dropped so that the command never blocks on a full pipe.
    private const int ExecOutputLimitBytes = 10 * 1024;

    // Time for the create, start and inspect calls around the command itself.
    internal static readonly TimeSpan ExecOverhead = TimeSpan.FromSeconds(10);

    public async Task<ExecResult> ExecAsync(string id, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var parameters = new ContainerExecCreateParameters { AttachStdout = true, AttachStderr = true, Cmd = command.ToList() };
        var exec = await CallGate.RunAsync(
            "exec", ExecOverhead, token => client.Exec.CreateContainerExecAsync(id, parameters, token), cancellationToken);
        string output;
        try
        {
            output = await CallGate.RunAsync("exec", timeout, token => RunExecAsync(exec.ID, token), cancellationToken);
        }
        catch (RuntimeException exception) when (exception.Failure == RuntimeFailure.Timeout)
        {
            return new ExecResult(-1, "", TimedOut: true);
        }

        return new ExecResult(await ExitCodeAsync(exec.ID, cancellationToken), output, TimedOut: false);
    }

    public async Task CopyLogsAsync(string id, LogQuery query, Stream output, CancellationToken cancellationToken)
    {
        var parameters = new ContainerLogsParameters
        {
            ShowStdout = true,
            ShowStderr = true,
            Follow = query.Follow,
            Timestamps = query.Timestamps,
            Tail = query.TailLines?.ToString(CultureInfo.InvariantCulture) ?? "all",
            Since = query.Since is { } since ? SinceText(since) : null,
        };
        try
        {
            using var log = await client.Containers.GetContainerLogsAsync(id, parameters, cancellationToken);
            await log.CopyOutputToAsync(Stream.Null, output, output, cancellationToken);
        }
        catch (DockerApiException exception)
        {
            throw CallGate.Translate("logs", exception);
        }
    }

    private async Task<string> RunExecAsync(string exec, CancellationToken cancellationToken)
    {
        using var stream = await client.Exec.StartContainerExecAsync(exec, new ContainerExecStartParameters(), cancellationToken);
        var buffer = new byte[4096];
        var kept = new MemoryStream();
        while (true)
        {
            var read = await stream.ReadOutputAsync(buffer, 0, buffer.Length, cancellationToken);
            if (read.EOF) return Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length);
            kept.Write(buffer, 0, (int)Math.Min(read.Count, ExecOutputLimitBytes - kept.Length));
        }
    }

    /// <summary>The engine closes the stream a moment before it knows the exit code: ask again while it still runs.</summary>
    private async Task<int> ExitCodeAsync(string exec, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var state = await CallGate.RunAsync(
                "exec", ExecOverhead, token => client.Exec.InspectContainerExecAsync(exec, token), cancellationToken);
            if (!state.Running) return (int)(state.ExitCode ?? 0);
            if (attempt == 50)
                throw new RuntimeException(RuntimeFailure.Refused, "exec: the command closed its output but goes on running");
            await Task.Delay(20, cancellationToken);
        }
    }

    private static string SinceText(DateTimeOffset since) =>
        $"{since.ToUnixTimeSeconds()}.{since.UtcTicks % TimeSpan.TicksPerSecond * 100:D9}";
}
