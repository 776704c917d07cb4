using Cluster.Containers;
using Cluster.Kubelet.Streaming.Spdy;
using Cluster.Kubelet.Streaming.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet.Streaming.RemoteCommands;

/// <summary><c>/exec</c> and <c>/attach</c>: a command in a container, or its first process, with the client's streams.</summary>
internal sealed class RemoteCommandEndpoints(
    PodLookup lookup, IContainerRuntime runtime, SessionLimit limit, StreamingOptions options, ILogger logger)
{
    private const string OldestVersion = "channel.k8s.io";

    private static readonly string[] SpdyVersions = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", OldestVersion];
    private static readonly string[] VersionsWithSizes = ["v4.channel.k8s.io", "v3.channel.k8s.io"];

    public Task ExecAsync(HttpContext context)
    {
        var name = (string)context.Request.RouteValues["container"]!;
        if (lookup.FindPod(context) is not { } pod) return NoPodAsync(context);
        if (lookup.FindRunning(pod, name) is not { } container) return RefuseAsync(context, $"container not found (\"{name}\")");
        var spec = Spec(context, Flag(context, "tty")) with { Command = [.. context.Request.Query["command"].OfType<string>()] };
        return ServeAsync(context, spec, "executing command in", token => runtime.StartExecAsync(container.Id, spec, token));
    }

    public Task AttachAsync(HttpContext context)
    {
        var name = (string)context.Request.RouteValues["container"]!;
        if (lookup.FindPod(context) is not { } pod) return NoPodAsync(context);
        if (PodLookup.HasTerminal(pod, name) is not { } tty || lookup.FindRunning(pod, name) is not { } container)
            return RefuseAsync(context, $"container {name} not found in pod {pod.Metadata.Name}_{pod.Metadata.Namespace}");
        var spec = Spec(context, tty);
        return ServeAsync(context, spec, "attaching to", token => runtime.AttachAsync(container.Id, spec, token));
    }

    private static Task NoPodAsync(HttpContext context) =>
        UpgradeRequest.RefuseAsync(context, StatusCodes.Status404NotFound, "pod does not exist");

    private static Task RefuseAsync(HttpContext context, string text) =>
        UpgradeRequest.RefuseAsync(context, StatusCodes.Status500InternalServerError, text);

    private static SessionSpec Spec(HttpContext context, bool tty) => new()
    {
        Stdin = Flag(context, "input"), Stdout = Flag(context, "output"), Stderr = Flag(context, "error") && !tty, Tty = tty,
    };

    private static bool Flag(HttpContext context, string name) => context.Request.Query[name].ToString() is "1" or "true";

    private async Task ServeAsync(
        HttpContext context, SessionSpec spec, string doing, Func<CancellationToken, Task<IContainerSession>> start)
    {
        if (!spec.Stdin && !spec.Stdout && !spec.Stderr)
        {
            await UpgradeRequest.RefuseAsync(
                context, StatusCodes.Status400BadRequest, "you must specify at least 1 of stdin, stdout, stderr");
            return;
        }

        if (!limit.TryEnter())
        {
            await UpgradeRequest.RefuseAsync(context, StatusCodes.Status429TooManyRequests, "too many streaming sessions on this node");
            return;
        }

        try
        {
            if (context.WebSockets.IsWebSocketRequest) await ServeWebSocketAsync(context, spec, doing, start);
            else if (UpgradeRequest.IsSpdy(context)) await ServeSpdyAsync(context, spec, doing, start);
            else await UpgradeRequest.RefuseAsync(context, StatusCodes.Status400BadRequest, "Upgrade request required");
        }
        finally
        {
            limit.Leave();
        }
    }

    private async Task ServeWebSocketAsync(
        HttpContext context, SessionSpec spec, string doing, Func<CancellationToken, Task<IContainerSession>> start)
    {
        if (await UpgradeRequest.ChooseChannelsAsync(context, ChannelProtocol.RemoteCommand) is not { } protocol) return;
        await using var session = await UpgradeRequest.AcceptChannelsAsync(context, protocol, channels: 5, options);
        var streams = new RemoteCommandStreams
        {
            Stdin = spec.Stdin ? session[0] : null,
            Stdout = spec.Stdout ? session[1] : null,
            Stderr = spec.Stderr ? session[2] : null,
            Error = session[3],
            Resize = session[4],
            HasStatus = protocol.HasStatus,
        };
        await RunAsync(session, streams, doing, start);
    }

    private async Task ServeSpdyAsync(
        HttpContext context, SessionSpec spec, string doing, Func<CancellationToken, Task<IContainerSession>> start)
    {
        if (await UpgradeRequest.ChooseSpdyVersionAsync(context, SpdyVersions, OldestVersion) is not { } version) return;
        await using var session = await UpgradeRequest.AcceptSpdyAsync(context, version, options);
        if (await AcceptStreamsAsync(session, spec, version) is { } streams) await RunAsync(session, streams, doing, start);
    }

    /// <summary>Waits for all streams of the request; null: they did not come in time, or others came.</summary>
    private async Task<RemoteCommandStreams?> AcceptStreamsAsync(SpdySession session, SessionSpec spec, string version)
    {
        List<string> wanted = ["error"];
        if (spec.Stdin) wanted.Add("stdin");
        if (spec.Stdout) wanted.Add("stdout");
        if (spec.Stderr) wanted.Add("stderr");
        if (spec.Tty && VersionsWithSizes.Contains(version)) wanted.Add("resize");
        using var patience = new CancellationTokenSource(options.CreationTimeout, options.Time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, session.Gone);
        var streams = new Dictionary<string, SpdyStream>();
        try
        {
            while (streams.Count < wanted.Count)
            {
                var stream = await session.Accepted.ReadAsync(stop.Token);
                if (!wanted.Contains(stream.Header("streamType")) || !streams.TryAdd(stream.Header("streamType"), stream)) session.Refuse(stream);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or System.Threading.Channels.ChannelClosedException)
        {
            logger.LogDebug("The client opened {Count} of {Wanted} streams", streams.Count, wanted.Count);
            return null;
        }

        return new RemoteCommandStreams
        {
            Error = streams["error"],
            Stdin = streams.GetValueOrDefault("stdin"),
            Stdout = streams.GetValueOrDefault("stdout"),
            Stderr = streams.GetValueOrDefault("stderr"),
            Resize = streams.GetValueOrDefault("resize"),
            HasStatus = version == SpdyVersions[0],
        };
    }

    private async Task RunAsync(
        IClientSession session, RemoteCommandStreams streams, string doing, Func<CancellationToken, Task<IContainerSession>> start)
    {
        try
        {
            var end = await RunToEndAsync(session, streams, doing, start);
            await end.WriteAsync(streams, session.Gone);
            await session.CloseAsync();
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            logger.LogDebug("The client of a command went away: {Message}", exception.Message);
        }
    }

    private static async Task<RemoteCommandEnd> RunToEndAsync(
        IClientSession session, RemoteCommandStreams streams, string doing, Func<CancellationToken, Task<IContainerSession>> start)
    {
        try
        {
            await using var process = await start(session.Gone);
            return RemoteCommandEnd.Exited(await new RemoteCommand(process, streams).RunAsync(session.Gone));
        }
        catch (RuntimeException exception)
        {
            return RemoteCommandEnd.Failed($"error {doing} container: {exception.Message}");
        }
    }
}
