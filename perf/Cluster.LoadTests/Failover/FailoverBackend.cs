using System.Net;
using System.Net.Sockets;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Failover;

/// <summary>A backend in a process of its own, so that it can be killed: each request takes it 5 ms, as if it did something.</summary>
internal static class FailoverBackend
{
    private const int Backlog = 4096;
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(5);

    public static async Task<int> RunAsync(IPEndPoint place, CancellationToken cancellationToken)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        listener.Bind(place);
        listener.Listen(Backlog);
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
    }

    private static async Task ServeAsync(Socket socket)
    {
        using Socket owned = socket;
        var buffer = new byte[Load.ResponseSize];
        try
        {
            for (int received = 0, count; (count = await socket.ReceiveAsync(buffer)) > 0;)
            {
                received += count;
                if (received < Load.RequestSize) continue;
                received = 0;
                await Task.Delay(Work);
                await socket.SendAsync(buffer);
            }
        }
        catch (SocketException)
        {
            // The other side is gone.
        }
    }
}
