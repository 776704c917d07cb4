using System.Net.Sockets;
using System.Text;
using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>What a service manager listens on, as systemd does: a datagram socket that its services find by NOTIFY_SOCKET.</summary>
internal sealed class NotifySocket : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _folder = new();
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public NotifySocket() => _socket.Bind(new UnixDomainSocketEndPoint(Path));

    public string Path => _folder.File("notify");

    /// <summary>What a service says next.</summary>
    public async Task<string> NextAsync()
    {
        var buffer = new byte[4096];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        return Encoding.ASCII.GetString(buffer, 0, await _socket.ReceiveAsync(buffer, limit.Token));
    }

    public void Dispose()
    {
        _socket.Dispose();
        _folder.Dispose();
    }
}
