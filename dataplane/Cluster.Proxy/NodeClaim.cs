using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Linux;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy;

/// <summary>
/// Routes, rules and tables of a network namespace are one proxy's at a time: two would each undo what the other makes. Whoever has them listens
/// on an abstract Unix socket, which is the namespace's too, leaves no file, ends with its process, and tells who that is.
/// </summary>
/// <param name="table">The nftables table, by which proxies that do not meet on the host are told apart.</param>
/// <param name="logger">Told where nothing can be claimed.</param>
/// <param name="time">By which it is waited for a proxy that is about to end.</param>
internal sealed class NodeClaim(string table, ILogger logger, TimeProvider time) : IDisposable
{
    private const int SOL_SOCKET = 1, SO_PEERCRED = 17;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly UnixDomainSocketEndPoint _name = new($"\0cluster-proxy/{table}");
    private Socket? _socket;

    /// <summary>Claims the host's state for this process; another one may be on its way out.</summary>
    /// <exception cref="InvalidOperationException">Another proxy has it, and goes on.</exception>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (!TryTake())
        {
            var (pid, user) = Holder();
            if (user is { } other && other != 0 && other != ProcessUser.Effective)
            {
                // Anyone may listen there; nobody but root, or who runs this, is believed.
                logger.LogWarning("Process {Pid} of user {User} keeps proxies from telling each other of themselves", pid, other);
                return;
            }

            if (time.GetElapsedTime(started) > Patience)
            {
                if (user is null)
                {
                    // A proxy listens there, and lets in whoever comes; who does not tell of itself is no reason not to serve.
                    logger.LogWarning("Some process keeps proxies from telling each other of themselves: it holds their name in this network namespace, and does not listen there");
                    return;
                }

                throw new InvalidOperationException(
                    $"another proxy{(pid is null ? "" : $" (process {pid})")} serves this node already, by the table {table}: stop it, or start this one with that one's data folder and without --take-over=false, so that it takes over");
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    /// <summary>Leaves it to the next process.</summary>
    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private bool TryTake()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(_name);
            socket.Listen();
            _socket = socket;
            _ = LetGoOfAsync(socket);
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket.Dispose();
            return false;
        }
    }

    // Who asks knows all by being connected. Left there, they would fill the queue, and the next one would learn nothing.
    private static async Task LetGoOfAsync(Socket socket)
    {
        try
        {
            while (true) (await socket.AcceptAsync()).Dispose();
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The claim has ended, or there is no descriptor: then the queue lasts for long.
        }
    }

    // Who has made the other end listen; nothing where it is gone meanwhile.
    private (int? Pid, uint? User) Holder()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            socket.Connect(_name);
            Span<int> credentials = stackalloc int[3];
            return socket.GetRawSocketOption(SOL_SOCKET, SO_PEERCRED, MemoryMarshal.AsBytes(credentials)) == 12 ? (credentials[0], (uint)credentials[1]) : default;
        }
        catch (SocketException)
        {
            return default;
        }
    }
}
