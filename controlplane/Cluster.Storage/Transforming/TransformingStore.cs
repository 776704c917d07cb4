using System.Runtime.CompilerServices;

namespace Cluster.Storage.Transforming;

/// <summary>A store whose values pass transformers; for its callers it is the inner store with the plain values.</summary>
/// <remarks>
/// Ranges and watches give a value that cannot be read as it is stored: one damaged or foreign value must not keep a server from all the
/// others. Who asks for one key is told.
/// </remarks>
/// <param name="inner">Owned: disposed with this one.</param>
/// <param name="transformers">For each key the first that applies to it is used, no other.</param>
public sealed class TransformingStore(IStore inner, IReadOnlyList<ValueTransformer> transformers) : IStore
{
    private const int ReencryptPage = 500;

    public ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken) => inner.GetRevisionAsync(cancellationToken);

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken) =>
        Plain(await inner.GetAsync(key, cancellationToken));

    public async ValueTask<StoreRange> RangeAsync(string prefix, string? afterKey, int limit, long revision, CancellationToken cancellationToken)
    {
        var range = await inner.RangeAsync(prefix, afterKey, limit, revision, cancellationToken);
        return range.Entries.Any(entry => For(entry.Key) is not null) ? range with { Entries = [.. range.Entries.Select(entry => Readable(entry)!)] } : range;
    }

    public async ValueTask<TxnResult> TxnAsync(StoreTxn txn, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(txn);
        var stored = txn.Operations.Any(operation => For(operation.Key) is not null) ? txn with { Operations = [.. txn.Operations.Select(Stored)] } : txn;
        var result = await inner.TxnAsync(stored, cancellationToken);
        return result.Current.Count == 0 ? result : result with { Current = [.. result.Current.Select(Plain)] };
    }

    public async IAsyncEnumerable<StoreChanges> WatchAsync(
        string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var revision in inner.WatchAsync(prefix, afterRevision, cancellationToken))
            yield return revision.Changes.Any(change => For(change.Key) is not null) ? Plain(revision) : revision;
    }

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    /// <summary>Writes anew what is not encrypted with the key that encrypts now; a value that somebody writes meanwhile is new already.</summary>
    /// <param name="transformer">One of this store's.</param>
    /// <param name="cancellationToken">Stops between two values; what is done stays done.</param>
    /// <returns>How many values were written.</returns>
    public async Task<int> ReencryptAsync(AesGcmTransformer transformer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transformer);
        var written = 0;
        string? after = null;
        while (true)
        {
            var page = await inner.RangeAsync(transformer.KeyPrefix, after, ReencryptPage, 0, cancellationToken);
            foreach (var entry in page.Entries.Where(entry => !transformer.IsNewest(entry.Value)))
            {
                var value = transformer.ToStore(entry.Key, transformer.FromStore(entry.Key, entry.Value));
                var txn = new StoreTxn([new StoreCompare(entry.Key, entry.ModRevision)], [new StoreOp(entry.Key, value)]);
                if ((await inner.TxnAsync(txn, cancellationToken)).Succeeded)
                    written++;
            }

            if (!page.More)
                return written;
            after = page.Entries[^1].Key;
        }
    }

    private ValueTransformer? For(string key)
    {
        foreach (var transformer in transformers)
        {
            if (transformer.AppliesTo(key))
                return transformer;
        }

        return null;
    }

    private StoreOp Stored(StoreOp operation) => operation.Value is { } value && For(operation.Key) is { } transformer
        ? operation with { Value = transformer.ToStore(operation.Key, value) }
        : operation;

    private StoreEntry? Plain(StoreEntry? entry) => entry is null ? null : PlainEntry(entry);

    private StoreEntry PlainEntry(StoreEntry entry) =>
        For(entry.Key) is { } transformer ? entry with { Value = transformer.FromStore(entry.Key, entry.Value) } : entry;

    private StoreEntry? Readable(StoreEntry? entry)
    {
        try
        {
            return Plain(entry);
        }
        catch (StoreException)
        {
            return entry;
        }
    }

    private StoreChanges Plain(StoreChanges revision) => revision with
    {
        Changes = [.. revision.Changes.Select(change => change with { Entry = Readable(change.Entry), Previous = Readable(change.Previous) })],
    };
}
