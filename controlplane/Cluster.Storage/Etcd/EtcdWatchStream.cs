using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Mvccpb;

namespace Cluster.Storage.Etcd;

/// <summary>One watch over one connection. Used by one reader.</summary>
internal sealed class EtcdWatchStream(AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call) : IDisposable
{
    public bool IsOpen { get; private set; }

    public async Task OpenAsync(KeyRange keys, long fromRevision, CancellationToken cancellationToken)
    {
        var create = new WatchCreateRequest
        {
            Key = ByteString.CopyFrom(keys.From),
            RangeEnd = ByteString.CopyFrom(keys.To),
            StartRevision = fromRevision,
            PrevKv = true,
            Fragment = true, // a revision larger than the message limit comes in parts
        };
        await call.RequestStream.WriteAsync(new WatchRequest { CreateRequest = create }, cancellationToken);
        IsOpen = true;
    }

    /// <summary>
    /// The events of the next response, its fragments put together. etcd ends a response only between revisions, so what is returned is whole;
    /// a stream that breaks between fragments returns nothing of them.
    /// </summary>
    /// <returns>Null when the server ended the watch.</returns>
    /// <exception cref="CompactedException">The start lies before the history kept.</exception>
    public async Task<IReadOnlyList<Event>?> ReadWholeAsync(long after, CancellationToken cancellationToken)
    {
        List<Event>? parts = null;
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            var response = call.ResponseStream.Current;
            if (response.CompactRevision != 0)
                throw new CompactedException(after, response.CompactRevision);
            if (response.Canceled)
                return null;
            if (!response.Fragment && parts is null)
                return response.Events;
            (parts ??= []).AddRange(response.Events);
            if (!response.Fragment)
                return parts;
        }

        return null;
    }

    public void Dispose() => call.Dispose();
}
