using System.Buffers.Binary;
using System.Globalization;
using System.Threading.Channels;
using Cluster.Api.CoreV1;
using Cluster.Kubelet.Streaming.Spdy;
using Cluster.Kubelet.Streaming.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet.Streaming.PortForwarding;

/// <summary><c>/portForward</c>: connections to a pod's ports, as many as the client opens on one session.</summary>
internal sealed class PortForwardEndpoint(PodLookup lookup, PodDialer dialer, SessionLimit limit, StreamingOptions options, ILogger logger)
{
    private const string Version = "portforward.k8s.io";
    private const string TunnelProtocol = "SPDY/3.1+" + Version;

    public async Task ServeAsync(HttpContext context)
    {
        if (lookup.FindPod(context) is not { } pod)
        {
            await UpgradeRequest.RefuseAsync(context, StatusCodes.Status404NotFound, "pod does not exist");
            return;
        }

        if (!limit.TryEnter())
        {
            await UpgradeRequest.RefuseAsync(context, StatusCodes.Status429TooManyRequests, "too many streaming sessions on this node");
            return;
        }

        try
        {
            if (context.WebSockets.IsWebSocketRequest) await ServeWebSocketAsync(context, pod);
            else if (UpgradeRequest.IsSpdy(context)) await ServeSpdyAsync(context, pod);
            else await UpgradeRequest.RefuseAsync(context, StatusCodes.Status400BadRequest, "Upgrade request required");
        }
        finally
        {
            limit.Leave();
        }
    }

    private async Task ServeSpdyAsync(HttpContext context, Pod pod)
    {
        if (await UpgradeRequest.ChooseSpdyVersionAsync(context, [Version], Version) is not { } version) return;
        await using var session = await UpgradeRequest.AcceptSpdyAsync(context, version, options);
        await RunAsync(session, pod);
    }

    private async Task ServeWebSocketAsync(HttpContext context, Pod pod)
    {
        if (context.WebSockets.WebSocketRequestedProtocols.Contains(TunnelProtocol))
        {
            await using var tunnel = await UpgradeRequest.AcceptTunnelAsync(context, TunnelProtocol, options);
            await RunAsync(tunnel, pod);
            return;
        }

        if (!TryPorts(context, out var ports, out var error))
        {
            await UpgradeRequest.RefuseAsync(context, StatusCodes.Status400BadRequest, error);
            return;
        }

        if (await UpgradeRequest.ChooseChannelsAsync(context, ChannelProtocol.PortForward) is not { } protocol) return;
        await using var session = await UpgradeRequest.AcceptChannelsAsync(context, protocol, 2 * ports.Count, options);
        await RunAsync(session, ports, pod);
    }

    /// <summary>Every pair of streams is a connection, until the client goes.</summary>
    private async Task RunAsync(SpdySession session, Pod pod)
    {
        var pairs = new StreamPairs(session);
        var connections = new List<Task>();
        try
        {
            await foreach (var stream in session.Accepted.ReadAllAsync(session.Gone))
            {
                connections.RemoveAll(connection => connection.IsCompleted);
                if (pairs.Add(stream) is { } connection) connections.Add(ForwardAsync(connection, pod, session.Gone));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ChannelClosedException)
        {
            logger.LogDebug("The client of forwarded ports went away");
        }

        await Task.WhenAll(connections);
        await session.CloseAsync();
    }

    /// <summary>One connection a port, opened at once; the session ends with the last of them.</summary>
    private async Task RunAsync(ChannelSession session, IReadOnlyList<int> ports, Pod pod)
    {
        try
        {
            var port = new byte[2];
            for (var i = 0; i < ports.Count; i++)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(port, (ushort)ports[i]);
                await session[2 * i].WriteAsync(port, session.Gone);
                await session[(2 * i) + 1].WriteAsync(port, session.Gone);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            return;
        }

        await Task.WhenAll(ports.Select((port, i) => ForwardAsync(
            new ForwardedConnection(port, session[2 * i], session[(2 * i) + 1]), pod, session.Gone)));
        await session.CloseAsync();
    }

    private async Task ForwardAsync(ForwardedConnection connection, Pod pod, CancellationToken gone)
    {
        try
        {
            try
            {
                using var socket = await dialer.DialAsync(pod, connection.Port, gone);
                await connection.RunAsync(socket, options.CreationTimeout, gone);
            }
            catch (DialException exception)
            {
                await connection.FailAsync(
                    $"error forwarding port {connection.Port} to pod {pod.Metadata.Name}, uid {pod.Metadata.Uid}: {exception.Message}", gone);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            logger.LogDebug("A forwarded connection broke: {Message}", exception.Message);
        }
    }

    private static bool TryPorts(HttpContext context, out List<int> ports, out string error)
    {
        (ports, error) = ([], "");
        foreach (var text in context.Request.Query["port"].SelectMany(value => (value ?? "").Split(',')))
        {
            if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
                error = $"unable to parse \"{text}\" as a port";
            else if (port == 0)
                error = $"port \"{text}\" must be > 0";
            ports.Add(port);
        }

        if (ports.Count == 0) error = "query parameter \"port\" is required";
        else if (ports.Count > MaxPorts) error = $"more than {MaxPorts} ports";
        return error.Length == 0;
    }

    // A channel's number is one byte, and 255 means another thing.
    private const int MaxPorts = 100;
}
