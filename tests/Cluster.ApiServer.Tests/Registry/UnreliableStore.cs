using Cluster.Storage;

namespace Cluster.ApiServer.Tests.Registry;

/// <summary>A store of whose writes some fail, and of some others, which are done, the reply is lost: what a server meets that dies or is cut off.</summary>
internal sealed class UnreliableStore(IStore inner, Random random) : IStore
{
    /// <summary>How many of a hundred writes fail, and how many of those that are done are not known to be.</summary>
    public int Trouble { get; set; }

    public ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken) => inner.GetRevisionAsync(cancellationToken);

    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

    public ValueTask<StoreRange> RangeAsync(string prefix, string? afterKey, int limit, long revision, CancellationToken cancellationToken) =>
        inner.RangeAsync(prefix, afterKey, limit, revision, cancellationToken);

    public async ValueTask<TxnResult> TxnAsync(StoreTxn txn, CancellationToken cancellationToken)
    {
        if (IsTroubled())
            throw new StoreException("refused") { NotApplied = true };
        var result = await inner.TxnAsync(txn, cancellationToken);
        return IsTroubled() ? throw new StoreException("the reply was lost") : result;
    }

    public IAsyncEnumerable<StoreChanges> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        inner.WatchAsync(prefix, afterRevision, cancellationToken);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private bool IsTroubled()
    {
        lock (random)
            return random.Next(100) < Trouble;
    }
}
