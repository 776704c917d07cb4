using Etcdserverpb;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Cluster.Storage.Etcd;

/// <summary>
/// Forgets history older than one interval, together with every other API server on the same etcd, stock ones included: whoever first moves the
/// agreed key in an interval compacts.
/// </summary>
internal sealed class EtcdCompaction(EtcdConnection connection, EtcdStoreOptions options)
{
    private static readonly ByteString Key = ByteString.CopyFromUtf8("compact_rev_key"); // Kubernetes' own name for it

    private long _turn;
    private long _revision;

    public async Task RunAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, options.Time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await TakeTurnAsync(cancellationToken);
            }
            catch (StoreException e)
            {
                options.Logger.LogWarning("Compaction of etcd will be tried again: {Reason}", e.Message);
            }
        }
    }

    /// <summary>Compacts to the revision seen a turn ago, if nobody else took this turn.</summary>
    public async Task TakeTurnAsync(CancellationToken cancellationToken)
    {
        var request = new TxnRequest();
        request.Compare.Add(new Compare
        {
            Key = Key,
            Target = Compare.Types.CompareTarget.Version,
            Result = Compare.Types.CompareResult.Equal,
            Version = _turn,
        });
        var mine = new PutRequest { Key = Key, Value = ByteString.CopyFromUtf8(FormattableString.Invariant($"{_revision}")) };
        request.Success.Add(new RequestOp { RequestPut = mine });
        // Whoever waits until the watch has reached the store's revision would wait in vain for one that touches nothing watched.
        var watched = new PutRequest { Key = ByteString.CopyFromUtf8(options.Root + "compaction"), Value = mine.Value };
        request.Success.Add(new RequestOp { RequestPut = watched });
        request.Failure.Add(new RequestOp { RequestRange = new RangeRequest { Key = Key } });
        var response = await connection.WriteAsync((member, call) => member.Keys.TxnAsync(request, call), cancellationToken);
        var target = response.Succeeded ? _revision : 0;
        _turn = response.Succeeded ? _turn + 1 : response.Responses[0].ResponseRange.Kvs.FirstOrDefault()?.Version ?? 0;
        _revision = response.Header.Revision;
        if (target > 0)
            await CompactAsync(target, cancellationToken);
    }

    public async Task CompactAsync(long revision, CancellationToken cancellationToken)
    {
        try
        {
            var request = new CompactionRequest { Revision = revision };
            await connection.ReadAsync((member, call) => member.Keys.CompactAsync(request, call), cancellationToken);
        }
        catch (StoreException e) when (e.InnerException is Grpc.Core.RpcException { StatusCode: Grpc.Core.StatusCode.OutOfRange })
        {
            options.Logger.LogDebug("Revision {Revision} is compacted already", revision);
        }
    }
}
