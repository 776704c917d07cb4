using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Handover;

namespace Cluster.Proxy.Restart;

/// <summary>
/// Tells the service manager that started this process, by systemd's protocol (sd_notify(3)), when it serves, reloads and stops, and which
/// process to follow instead once another has taken over. Does nothing where nobody waits. Any thread.
/// </summary>
/// <remarks>
/// A reload is what starts a successor. It is over when that one serves or has failed: until then the manager is told that a reload is under
/// way. Only the process the manager follows is listened to (<c>NotifyAccess=main</c>), so the old process names the new one.
/// </remarks>
/// <param name="socket">Where the manager listens, as it says in <c>NOTIFY_SOCKET</c>; null or empty: there is none.</param>
/// <param name="time">Its clock, the system's monotonic one where a manager reads what is said.</param>
public sealed class ServiceManager(string? socket, TimeProvider time)
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(20);

    /// <summary>The manager that the environment names.</summary>
    public static ServiceManager OfEnvironment(TimeProvider time) => new(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), time);

    /// <summary>Tells when this process serves, and what becomes of it. Ends with the handover, or on cancellation.</summary>
    /// <param name="isReady">Whether it serves by now.</param>
    /// <param name="succession">Whether another process has taken over.</param>
    /// <param name="cancellationToken">The process stops.</param>
    public async Task FollowAsync(Func<bool> isReady, Succession succession, CancellationToken cancellationToken)
    {
        if (socket is not { Length: > 0 }) return;
        while (!cancellationToken.IsCancellationRequested && !(isReady() && succession.IsStanding))
            await Task.Delay(LookPeriod, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (cancellationToken.IsCancellationRequested) return;
        Send("READY=1");
        await succession.HandedOver.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Send(succession.HandedOver.IsCompleted ? string.Create(CultureInfo.InvariantCulture, $"MAINPID={succession.SuccessorPid}\nREADY=1") : "STOPPING=1");
    }

    /// <summary>A successor was started.</summary>
    public void Reloading() =>
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={(long)(time.GetTimestamp() * (1e6 / time.TimestampFrequency))}"));

    /// <summary>The successor has ended without taking over: this process serves on.</summary>
    public void ReloadFailed() => Send("READY=1");

    private void Send(string state)
    {
        if (socket is not { Length: > 0 } path) return;
        try
        {
            // An @ stands for the zero byte of Linux' abstract names.
            using var sender = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            sender.SendTo(Encoding.ASCII.GetBytes(state), new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            // Whoever waited is gone, or what was named is no socket's name; serving goes on.
        }
    }
}
