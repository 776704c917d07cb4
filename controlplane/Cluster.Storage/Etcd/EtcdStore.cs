using System.Runtime.CompilerServices;
using Cluster.Storage.Watching;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Cluster.Storage.Etcd;

/// <summary>The store on an etcd cluster, for several control planes or for those who run etcd already.</summary>
/// <remarks>
/// One watch of etcd a process feeds a history in memory, from which all watchers read; only one that starts before that history gets a watch
/// of its own.
/// </remarks>
public sealed class EtcdStore : IStore
{
    private const int WatchBatch = 256;

    // Nobody writes it: reading it costs etcd nothing but the agreement on the revision.
    private static readonly ByteString MissingKey = ByteString.CopyFromUtf8("cluster-revision");

    private readonly EtcdStoreOptions _options;
    private readonly EtcdConnection _connection;
    private readonly EtcdWatch _watch;
    private readonly LeaseBuckets _leases;
    private readonly EtcdCompaction _compaction;
    private readonly SharedRevisionRead _revision;
    private readonly RecentHistory _history;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _pump;
    private readonly Task _compacting;
    private long _compacted;
    private int _disposed;

    private EtcdStore(EtcdStoreOptions options, EtcdConnection connection, long revision)
    {
        _options = options;
        _connection = connection;
        _watch = new EtcdWatch(connection, options);
        _leases = new LeaseBuckets(connection, options.Time);
        _compaction = new EtcdCompaction(connection, options);
        _revision = new SharedRevisionRead(() => ReadRevisionAsync(connection, _stop.Token));
        _history = new RecentHistory(revision, options.RecentRevisions, options.RecentBytes);
        _pump = PumpAsync();
        _compacting = options.CompactionInterval is { } interval ? CompactPeriodicallyAsync(interval) : Task.CompletedTask;
    }

    /// <summary>Connects and sees that etcd answers.</summary>
    /// <exception cref="StoreException">No member answers within the request timeout; the message names the one tried last.</exception>
    public static async Task<EtcdStore> ConnectAsync(EtcdStoreOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfZero(options.Endpoints.Count);
        var connection = new EtcdConnection(options);
        try
        {
            var revision = await ReadRevisionAsync(connection, cancellationToken);
            options.Logger.LogInformation("etcd at {Endpoint} answers at revision {Revision}", connection.Current.Endpoint, revision);
            return new EtcdStore(options, connection, revision);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public async ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return await _revision.ReadAsync().WaitAsync(cancellationToken);
    }

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        var request = new RangeRequest { Key = ByteString.CopyFromUtf8(key) };
        var response = await _connection.ReadAsync((member, call) => member.Keys.RangeAsync(request, call), cancellationToken);
        return response.Kvs.Count == 0 ? null : EtcdEntries.Entry(response.Kvs[0]);
    }

    public async ValueTask<StoreRange> RangeAsync(string prefix, string? afterKey, int limit, long revision, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        var keys = KeyRange.OfPrefix(prefix);
        var from = afterKey is not null && string.CompareOrdinal(afterKey, prefix) >= 0 ? KeyRange.After(afterKey) : keys.From;
        var request = new RangeRequest
        {
            Key = from.Length == 0 ? ByteString.CopyFrom(0) : ByteString.CopyFrom(from),
            RangeEnd = ByteString.CopyFrom(keys.To),
            Limit = limit,
            Revision = revision,
        };
        var response = await RangeAsync(request, cancellationToken);
        var entries = response.Kvs.Select(EtcdEntries.Entry).ToList();
        return new StoreRange(entries, revision == 0 ? response.Header.Revision : revision, response.More, response.Count - entries.Count);
    }

    public async ValueTask<TxnResult> TxnAsync(StoreTxn txn, CancellationToken cancellationToken)
    {
        TxnRules.Check(txn);
        ThrowIfClosed();
        try
        {
            return await WriteAsync(txn, cancellationToken);
        }
        catch (StoreException e) when (e.InnerException is RpcException { StatusCode: StatusCode.NotFound })
        {
            await _leases.ForgetAsync(cancellationToken); // a lease was gone; nothing was applied
            return await WriteAsync(txn, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoreChanges> WatchAsync(
        string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (afterRevision < Volatile.Read(ref _compacted))
            throw new CompactedException(afterRevision, Volatile.Read(ref _compacted));
        var cursor = afterRevision;
        var batch = new List<StoreChanges>();
        while (prefix.StartsWith(_options.Root, StringComparison.Ordinal) && _history.Read(cursor, WatchBatch, batch) is { } read)
        {
            foreach (var revision in batch)
            {
                if (PrefixFilter.Narrow(revision, prefix) is { } changes)
                    yield return changes;
            }

            batch.Clear();
            cursor = read;
            await _history.WaitPastAsync(cursor, cancellationToken);
        }

        await foreach (var changes in WatchAloneAsync(prefix, cursor, cancellationToken))
            yield return changes;
    }

    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        await _compaction.CompactAsync(revision, cancellationToken);
        for (var seen = Volatile.Read(ref _compacted); seen < revision;)
            seen = Interlocked.CompareExchange(ref _compacted, revision, seen);
    }

    /// <summary>Ends the watches and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        await Task.WhenAll(_pump, _compacting);
        _history.Close(Closed());
        _connection.Dispose();
        _leases.Dispose();
        _stop.Dispose();
    }

    private static StoreException Closed() => new("the store is closed") { NotApplied = true };

    private static async Task<long> ReadRevisionAsync(EtcdConnection connection, CancellationToken cancellationToken)
    {
        var request = new RangeRequest { Key = MissingKey, CountOnly = true };
        return (await connection.ReadAsync((member, call) => member.Keys.RangeAsync(request, call), cancellationToken)).Header.Revision;
    }

    // etcd answers both a forgotten and a future revision with OutOfRange; which of them it is, its revision tells.
    private async Task<RangeResponse> RangeAsync(RangeRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await _connection.ReadAsync((member, call) => member.Keys.RangeAsync(request, call), cancellationToken);
        }
        catch (StoreException e) when (e.InnerException is RpcException { StatusCode: StatusCode.OutOfRange })
        {
            if (request.Revision > await GetRevisionAsync(cancellationToken))
                throw;
            throw new CompactedException(request.Revision, Math.Max(request.Revision + 1, Volatile.Read(ref _compacted)));
        }
    }

    private async Task<TxnResult> WriteAsync(StoreTxn txn, CancellationToken cancellationToken)
    {
        var request = await RequestAsync(txn, cancellationToken);
        var response = await _connection.WriteAsync((member, call) => member.Keys.TxnAsync(request, call), cancellationToken);
        if (response.Succeeded)
            return new TxnResult(true, response.Header.Revision, []);
        var current = response.Responses.Select(answer => answer.ResponseRange.Kvs.FirstOrDefault() is { } pair ? EtcdEntries.Entry(pair) : null);
        return new TxnResult(false, response.Header.Revision, [.. current]);
    }

    private async Task<TxnRequest> RequestAsync(StoreTxn txn, CancellationToken cancellationToken)
    {
        var request = new TxnRequest();
        foreach (var compare in txn.Compares)
        {
            var key = ByteString.CopyFromUtf8(compare.Key);
            request.Compare.Add(new Compare
            {
                Key = key,
                Target = Compare.Types.CompareTarget.Mod,
                Result = Compare.Types.CompareResult.Equal,
                ModRevision = compare.ModRevision,
            });
            request.Failure.Add(new RequestOp { RequestRange = new RangeRequest { Key = key } });
        }

        foreach (var operation in txn.Operations)
            request.Success.Add(await OperationAsync(operation, cancellationToken));
        return request;
    }

    private async Task<RequestOp> OperationAsync(StoreOp operation, CancellationToken cancellationToken)
    {
        var key = ByteString.CopyFromUtf8(operation.Key);
        if (operation.Value is not { } value)
            return new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } };
        var lease = operation.TimeToLive is { } life ? await _leases.LeaseAsync(life, cancellationToken) : 0;
        return new RequestOp { RequestPut = new PutRequest { Key = key, Value = EtcdEntries.Bytes(value), Lease = lease } };
    }

    private async IAsyncEnumerable<StoreChanges> WatchAloneAsync(
        string prefix, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        StorageMetrics.WatchersBehind.Add(1);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        await foreach (var revisions in _watch.RevisionsAsync(KeyRange.OfPrefix(prefix), after, either.Token))
        {
            foreach (var revision in revisions)
                yield return revision;
        }
    }

    // Owned by DisposeAsync. A compaction that overtakes our own watch (etcd was away for longer than its history) ends all watches here:
    // the watchers list again, as they would with any revision too old.
    private async Task PumpAsync()
    {
        try
        {
            while (true)
            {
                try
                {
                    await foreach (var revisions in _watch.RevisionsAsync(KeyRange.OfPrefix(_options.Root), _history.Tip, _stop.Token))
                        _history.Publish(revisions, revisions[^1].Revision);
                }
                catch (CompactedException e)
                {
                    _options.Logger.LogWarning("The watch of etcd fell behind its history: {Reason}", e.Message);
                    Interlocked.Exchange(ref _compacted, Math.Max(e.Oldest, Volatile.Read(ref _compacted)));
                    _history.Restart(e.Oldest);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // closing
        }
    }

    private async Task CompactPeriodicallyAsync(TimeSpan interval)
    {
        try
        {
            await _compaction.RunAsync(interval, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // closing
        }
    }

    private void ThrowIfClosed()
    {
        if (Volatile.Read(ref _disposed) != 0)
            throw Closed();
    }
}
