using System.Net.WebSockets;
using Cluster.Api;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Fairness;
using Cluster.ApiServer.WatchCache;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Rest;

/// <summary>A watch over a WebSocket, as pages in browsers open it: an event a message, text for JSON and binary for protobuf.</summary>
/// <param name="context">The request to upgrade.</param>
/// <param name="bodies">The objects' form.</param>
/// <param name="time">The clock of its limits.</param>
internal sealed class WatchSocket(HttpContext context, WatchBodies bodies, TimeProvider time) : IWatchAnswer
{
    private const int IgnoredBytes = 512;

    private WebSocket _socket = null!;

    /// <inheritdoc/>
    public async Task RunAsync(ResourceWatch watch, TimeSpan timeout, Action onStuck)
    {
        using var expiry = new CancellationTokenSource(timeout, time);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, gone.Token);
        using var deaf = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        using var socket = _socket = await AcceptAsync();
        var listening = ListenAsync(gone, deaf.Token);
        try
        {
            await SendAllAsync(watch, onStuck, ended.Token);
            // The client answers the close with its own; one that doesn't is not waited for.
            await listening.WaitAsync(StuckClient.Grace, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await deaf.CancelAsync();
            await listening;
        }
    }

    /// <inheritdoc/>
    public async Task RefuseAsync(StatusException failure)
    {
        using var socket = _socket = await AcceptAsync();
        await FailAsync(failure);
    }

    // A browser that names a subprotocol gives up where the answer names none; which of several one would speak here, nobody has said. Of a caller
    // who showed something better a token may still be among them: it is no subprotocol, and no answer repeats it.
    private Task<WebSocket> AcceptAsync() => context.WebSockets.AcceptWebSocketAsync(
        context.WebSockets.WebSocketRequestedProtocols is [var only] && !WebSocketToken.Is(only) ? only : null);

    private async Task SendAllAsync(ResourceWatch watch, Action onStuck, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var batch in watch.ReadAsync(cancellationToken))
            {
                foreach (var change in batch)
                {
                    if (await SendAsync(WatchBodies.TypeOf(change), bodies.Of(change), StuckClient.Patience, cancellationToken))
                        continue;

                    onStuck();
                    context.Abort();
                    return;
                }
            }

            await CloseAsync();
        }
        catch (StatusException failure)
        {
            await FailAsync(failure);
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
            // The client went, or the server stops.
        }
    }

    private async Task FailAsync(StatusException failure)
    {
        if (await SendAsync("ERROR", bodies.Of(failure), StuckClient.Grace, context.RequestAborted))
            await CloseAsync();
        else
            context.Abort();
    }

    private async ValueTask<bool> SendAsync(string type, ReadOnlyMemory<byte> obj, TimeSpan patience, CancellationToken cancellationToken)
    {
        var message = WatchFrame.Message(type, obj.Span, bodies.AreProtobuf);
        var kind = bodies.AreProtobuf ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
        var sending = _socket.SendAsync(message, kind, endOfMessage: true, cancellationToken);
        if (sending.IsCompletedSuccessfully)
            return true;

        using var waiting = context.Features.Get<RequestSeat>()?.WaitOnClient(time);
        try
        {
            await sending.AsTask().WaitAsync(patience, time, CancellationToken.None);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task CloseAsync()
    {
        if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }

    // What the client says is not asked for; that it goes is.
    private async Task ListenAsync(CancellationTokenSource gone, CancellationToken cancellationToken)
    {
        var ignored = new byte[IgnoredBytes];
        try
        {
            while ((await _socket.ReceiveAsync(ignored.AsMemory(), cancellationToken)).MessageType != WebSocketMessageType.Close)
            {
                // Read on.
            }
        }
        catch (Exception lost) when (lost is WebSocketException or OperationCanceledException)
        {
            // As good as closed.
        }

        await gone.CancelAsync();
    }
}
