using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>
/// Has a pod that asks for it by annotation keep running, when it is on its way out, until this node's proxy has none of its connections any
/// more, at most for its grace.
/// </summary>
/// <param name="socketPath">Where the proxy answers; null: nobody waits.</param>
internal sealed class DrainWait(string? socketPath, TimeProvider time)
{
    public const string Annotation = "cluster.local/wait-for-connections";

    private const int MaxAnswerBytes = 1024;

    public static bool IsAskedFor(Pod pod) => pod.Metadata.Annotations.TryGetValue(Annotation, out var value) && value == "true";

    /// <summary>Waits; returns what is left of the grace. A proxy that does not answer is not waited for.</summary>
    public async Task<TimeSpan> WaitAsync(Pod pod, TimeSpan grace, CancellationToken cancellationToken)
    {
        // What the stop signal needs at the end is kept.
        var most = grace - ContainerKiller.MinimumGrace;
        if (socketPath is null || !IsAskedFor(pod) || most <= TimeSpan.Zero) return grace;
        var began = time.GetTimestamp();
        using var patience = new CancellationTokenSource(most, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await AskAsync(pod.Metadata.Uid, (int)most.TotalSeconds, limit.Token);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return grace - time.GetElapsedTime(began);
    }

    private async Task AskAsync(string uid, int seconds, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath!), cancellationToken);
        var request = string.Create(CultureInfo.InvariantCulture, $"GET /draining/{uid}?wait={seconds} HTTP/1.1\r\nHost: proxy\r\n\r\n");
        await socket.SendAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
        // The answer is that it answers: the number that is left is the proxy's to publish.
        var answer = new byte[MaxAnswerBytes];
        while (await socket.ReceiveAsync(answer, cancellationToken) > 0)
        {
        }
    }
}
