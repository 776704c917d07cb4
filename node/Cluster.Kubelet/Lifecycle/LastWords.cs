using System.Text;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Volumes;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>Termination messages: what a container wrote to its termination log or, if it asks for that, the end of its log.</summary>
internal sealed class LastWords(IContainerRuntime runtime, PodDirectory directory)
{
    private const int FileLimitBytes = 4096;
    private const int LogLimitBytes = 2048;
    private const int LogLines = 80;

    private readonly Dictionary<string, string> known = [];

    /// <summary>Messages by container id of all that ended; each container's is read once.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ReadAsync(Pod pod, PodObservation observed, CancellationToken cancellationToken)
    {
        foreach (var ended in observed.Containers.Where(container => container.IsDead && !known.ContainsKey(container.Id)))
        {
            var policy = pod.Spec.AllContainers()
                .FirstOrDefault(container => container.Name == ended.Row.ContainerName)?.TerminationMessagePolicy;
            known[ended.Id] = await ReadAsync(ended, policy == "FallbackToLogsOnError", cancellationToken);
        }

        return known;
    }

    private async Task<string> ReadAsync(SeenContainer ended, bool fallBack, CancellationToken cancellationToken)
    {
        try
        {
            var path = directory.TerminationLog(ended.Row.ContainerName, ended.Row.Attempt);
            var text = File.Exists(path) ? await HeadAsync(path, cancellationToken) : "";
            return text.Length > 0 || !fallBack || ended.Details.ExitCode == 0 ? text : await LogTailAsync(ended.Id, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or RuntimeException or UnauthorizedAccessException)
        {
            return $"Error on reading termination message: {exception.Message}";
        }
    }

    private static async Task<string> HeadAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        var buffer = new byte[FileLimitBytes];
        var length = await file.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private async Task<string> LogTailAsync(string id, CancellationToken cancellationToken)
    {
        using var log = new MemoryStream();
        await runtime.CopyLogsAsync(id, new LogQuery { TailLines = LogLines }, log, cancellationToken);
        var bytes = log.ToArray();
        return Encoding.UTF8.GetString(bytes.AsSpan(Math.Max(0, bytes.Length - LogLimitBytes)));
    }
}
