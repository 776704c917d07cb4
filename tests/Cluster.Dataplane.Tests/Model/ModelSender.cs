using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>A UDP client that is never answered, as those of syslog are.</summary>
internal sealed class ModelSender(IPEndPoint endPoint, ModelReceipts receipts) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>How long nobody is waited for where nobody should receive it.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(60);

    private static int _count;

    private readonly Socket _socket = new(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
    private bool _isConnected;

    /// <summary>Who received a datagram that is sent now, or null for nobody.</summary>
    /// <param name="received">Somebody should receive it: it may be lost, so others are sent until one arrives; otherwise one.</param>
    public async Task<string?> SendAsync(bool received)
    {
        using var patience = new CancellationTokenSource(received ? Patience : Silence);
        do
        {
            var datagram = string.Create(CultureInfo.InvariantCulture, $"one way {Interlocked.Increment(ref _count)}");
            var receipt = receipts.Of(datagram);
            using var one = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
            if (received) one.CancelAfter(TimeSpan.FromSeconds(1));
            try
            {
                if (!_isConnected) await _socket.ConnectAsync(endPoint, one.Token);
                _isConnected = true;
                await _socket.SendAsync(Encoding.ASCII.GetBytes(datagram), one.Token);
                return await receipt.WaitAsync(one.Token);
            }
            catch (SocketException)
            {
                // What was sent before found nobody, or the kernel has cut the socket from a backend that is gone.
                _isConnected = false;
            }
            catch (OperationCanceledException) when (one.IsCancellationRequested)
            {
                // Lost, or nobody.
            }
        }
        while (received && !patience.IsCancellationRequested);
        return null;
    }

    public void Dispose() => _socket.Dispose();
}
