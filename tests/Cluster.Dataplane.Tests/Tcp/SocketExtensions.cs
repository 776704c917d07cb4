using System.Net.Sockets;
using System.Text;

namespace Cluster.Dataplane.Tests.Tcp;

internal static class SocketExtensions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task SendAllAsync(this Socket socket, ReadOnlyMemory<byte> data)
    {
        while (data.Length > 0) data = data[await socket.SendAsync(data)..];
    }

    public static Task SendAllAsync(this Socket socket, string text) => socket.SendAllAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Everything up to the peer's end.</summary>
    public static async Task<byte[]> ReceiveToEndAsync(this Socket socket, TimeSpan? atMost = null)
    {
        using var content = new MemoryStream();
        using var patience = new CancellationTokenSource(atMost ?? Patience);
        var buffer = new byte[32 * 1024];
        while (await socket.ReceiveAsync(buffer, patience.Token) is var length and > 0) content.Write(buffer, 0, length);
        return content.ToArray();
    }

    public static async Task<string> ReceiveTextToEndAsync(this Socket socket, TimeSpan? atMost = null) =>
        Encoding.UTF8.GetString(await socket.ReceiveToEndAsync(atMost));

    /// <summary>The error that ends the connection, or success for an orderly end.</summary>
    public static async Task<SocketError> EndAsync(this Socket socket)
    {
        try
        {
            await socket.ReceiveToEndAsync();
            return SocketError.Success;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode;
        }
    }

    public static void ResetAndClose(this Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }
}
