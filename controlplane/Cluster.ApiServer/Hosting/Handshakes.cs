using System.IO.Pipelines;
using System.Net;
using Cluster.ApiServer.Fairness;
using Microsoft.AspNetCore.Connections;

namespace Cluster.ApiServer.Hosting;

/// <summary>
/// Bounds the TLS handshakes that are computed at once, so that a client which connects again and again costs those that are connected little.
/// Addresses take turns; who finds too many of its own address waiting is cut off before TLS costs anything.
/// </summary>
/// <remarks>
/// A turn lasts from the client's bytes until more of them are needed, never for a wait: a client that begins a handshake and goes silent holds none.
/// The steps after the first have turns of their own, without bound to how many wait: the first step's let them come one by one, and the handshake's
/// time is limited by the server.
/// </remarks>
/// <param name="atOnce">Steps computed at once.</param>
/// <param name="waitingOfOneAddress">Connections of one address whose handshakes wait to begin.</param>
/// <param name="time">The clock of waiting.</param>
internal sealed class Handshakes(int atOnce, int waitingOfOneAddress, TimeProvider time) : IDisposable
{
    /// <summary>Of all addresses together.</summary>
    private const int Addresses = 4;

    private readonly PriorityLevel _first = new(new LevelOptions("handshakes", atOnce, waitingOfOneAddress, Addresses * waitingOfOneAddress), time);
    private readonly PriorityLevel _later = new(new LevelOptions("handshakes begun", atOnce, int.MaxValue, int.MaxValue), time);

    private readonly HandshakeThreads _threads = new(atOnce);

    /// <summary>Wraps the connection before TLS.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var transport = connection.Transport;
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "";
        if (!_first.HasRoom(address))
        {
            // As below, before anything of TLS is even made for it.
            connection.Abort();
            return;
        }

        var input = new HandshakeInput(transport.Input, this, address, connection.Abort);
        connection.Transport = new HandshakeTransport(input, transport.Output);
        connection.Features.Set(input);
        try
        {
            await next(connection);
        }
        finally
        {
            input.End();
            connection.Transport = transport;
        }
    }

    /// <summary>After TLS: from now on nothing waits, and nothing is done by the handshakes' threads.</summary>
    public static async Task EndAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        connection.Features.Get<HandshakeInput>()?.End();
        await Task.Yield();
        await next(connection);
    }

    /// <summary>Waits for a turn; false: too many wait.</summary>
    public ValueTask<bool> EnterAsync(string address, bool begun, CancellationToken cancellationToken) =>
        (begun ? _later : _first).EnterAsync(address, width: 1, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>The step that has a turn is computed after this await.</summary>
    public HandshakeThreads.Switch SwitchAsync() => _threads.SwitchAsync();

    public void Dispose() => _threads.Dispose();

    /// <summary>Gives the turn back.</summary>
    public void Leave(string address, bool begun) => (begun ? _later : _first).Leave(address, width: 1);

    private sealed class HandshakeTransport(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
