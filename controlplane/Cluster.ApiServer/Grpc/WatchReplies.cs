using Cluster.Api.ResourceV1;
using Cluster.ApiServer.Rest;
using Cluster.ApiServer.WatchCache;
using Grpc.Core;

namespace Cluster.ApiServer.Grpc;

/// <summary>The messages of a watch: bounded, and given to a client that takes them.</summary>
internal sealed class WatchReplies(IServerStreamWriter<WatchReply> stream, ServerCallContext context, TimeProvider time)
{
    /// <summary>A message that holds so much is sent. With the largest object on top it stays below the 4 MiB that gRPC clients accept by default.</summary>
    public const int ReplyBytes = 1024 * 1024;

    /// <summary>Sends events, as few messages as may be. False: the client is stuck.</summary>
    public async ValueTask<bool> WriteAsync(IReadOnlyList<ResourceEvent> batch)
    {
        var reply = new WatchReply();
        var bytes = 0;
        foreach (var change in batch)
        {
            var obj = change.Object.Protobuf;
            reply.Events.Add(new WatchEvent { Type = change.Type.ToString().ToUpperInvariant(), Object = Envelopes.Wrap(obj) });
            bytes += obj.Length;
            if (bytes < ReplyBytes)
                continue;

            if (!await SendAsync(reply))
                return false;

            (reply, bytes) = (new WatchReply(), 0);
        }

        return reply.Events.Count == 0 || await SendAsync(reply);
    }

    /// <summary>Lets a stuck client take what it owes, so that the reason can follow; a client that does not is cut off.</summary>
    public async ValueTask EndAsync()
    {
        var http = context.GetHttpContext();
        var flushing = http.Response.BodyWriter.FlushAsync(context.CancellationToken).AsTask();
        if (!await StuckClient.TakesAsync(flushing, http, StuckClient.Grace, time))
            http.Abort();
    }

    private async ValueTask<bool> SendAsync(WatchReply reply)
    {
        var writing = stream.WriteAsync(reply, context.CancellationToken);
        if (!writing.IsCompleted)
            return await StuckClient.TakesAsync(writing, context.GetHttpContext(), StuckClient.Patience, time);

        await writing;
        return true;
    }
}
