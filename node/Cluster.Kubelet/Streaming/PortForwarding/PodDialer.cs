using System.Net;
using System.Net.Sockets;
using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Linux;

namespace Cluster.Kubelet.Streaming.PortForwarding;

/// <summary>Connects to ports of pods from inside: also what listens on the pod's loopback alone is reached.</summary>
internal sealed class PodDialer(ContainerObserver observer, IContainerRuntime runtime)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <exception cref="DialException">The pod does not run, or nothing answers on the port: the message says what.</exception>
    public async Task<Socket> DialAsync(Pod pod, int port, CancellationToken cancellationToken)
    {
        var sandbox = observer.Get(pod.Metadata.Uid)
            .Where(row => row.IsSandbox && row.State == ContainerRunState.Running).MaxBy(row => row.Attempt)
            ?? throw new DialException("the pod's sandbox does not run");
        var process = (await InspectAsync(sandbox.Id, cancellationToken)).ProcessId;
        if (process <= 0) throw new DialException("the pod's sandbox does not run");

        DialException? first = null;
        foreach (var address in Addresses(sandbox.Address))
        {
            try
            {
                return await ConnectAsync(await OpenAsync(process, address, sandbox.Address), new IPEndPoint(address, port), cancellationToken);
            }
            catch (IOException exception)
            {
                // The first address is the one people mean: its failure is the one to tell.
                first ??= exception as DialException ?? new DialException(exception.Message, exception);
            }
        }

        throw first!;
    }

    /// <summary>Loopback of both families; last the pod's own, for what listens nowhere else.</summary>
    private static IEnumerable<IPAddress> Addresses(string own)
    {
        yield return IPAddress.Loopback;
        yield return IPAddress.IPv6Loopback;
        if (IPAddress.TryParse(own, out var address)) yield return address;
    }

    private async Task<ContainerDetails> InspectAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await runtime.InspectAsync(id, cancellationToken);
        }
        catch (RuntimeException exception)
        {
            throw new DialException(exception.Message, exception);
        }
    }

    /// <summary>Where the node may not enter the pod's network, its own address is reached from here all the same.</summary>
    private static async Task<Socket> OpenAsync(long process, IPAddress address, string own)
    {
        try
        {
            return await NamespaceSockets.OpenAsync(process, address.AddressFamily);
        }
        catch (IOException) when (address.ToString() == own)
        {
            return new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        }
    }

    private static async Task<Socket> ConnectAsync(Socket socket, IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectTimeout);
        try
        {
            await socket.ConnectAsync(endpoint, limit.Token);
            return socket;
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw new DialException($"dial tcp {endpoint}: {Reason(exception)}", exception);
        }
    }

    private static string Reason(Exception exception) => exception switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "connect: connection refused",
        SocketException refused => $"connect: {refused.Message}",
        _ => "i/o timeout",
    };
}
