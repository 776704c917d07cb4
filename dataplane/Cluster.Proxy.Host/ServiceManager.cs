using System.Net.Sockets;
using System.Text;

namespace Cluster.Proxy.Host;

/// <summary>Tells the service manager that started this process, by systemd's protocol (sd_notify), when it serves and when it stops.</summary>
internal static class ServiceManager
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(20);

    /// <summary>Ends when it was told, or on cancellation; does nothing where nobody waits.</summary>
    public static async Task NotifyAsync(Func<bool> isReady, CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path) return;
        while (!cancellationToken.IsCancellationRequested && !isReady())
            await Task.Delay(LookPeriod, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (cancellationToken.IsCancellationRequested) return;
        Send(path, "READY=1");
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Send(path, "STOPPING=1");
    }

    private static void Send(string path, string state)
    {
        try
        {
            // An @ stands for the zero byte of Linux' abstract names.
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.ASCII.GetBytes(state), new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
        }
        catch (SocketException)
        {
            // Whoever waited is gone; serving goes on.
        }
    }
}
