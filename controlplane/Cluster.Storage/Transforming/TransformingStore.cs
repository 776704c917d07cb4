using System.Runtime.CompilerServices;

namespace Cluster.Storage.Transforming;

/// <summary>A store whose values pass transformers; for its callers it is the inner store with the plain values.</summary>
/// <param name="inner">Owned: disposed with this one.</param>
/// <param name="transformers">For each key the first that applies to it is used, no other.</param>
public sealed class TransformingStore(IStore inner, IReadOnlyList<ValueTransformer> transformers) : IStore
{
    public ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken) => inner.GetRevisionAsync(cancellationToken);

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken) =>
        Plain(await inner.GetAsync(key, cancellationToken));

    public async ValueTask<StoreRange> RangeAsync(string prefix, string? afterKey, int limit, long revision, CancellationToken cancellationToken)
    {
        var range = await inner.RangeAsync(prefix, afterKey, limit, revision, cancellationToken);
        return range.Entries.Any(entry => For(entry.Key) is not null) ? range with { Entries = [.. range.Entries.Select(PlainEntry)] } : range;
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

    private StoreChanges Plain(StoreChanges revision) => revision with
    {
        Changes = [.. revision.Changes.Select(change => change with { Entry = Plain(change.Entry), Previous = Plain(change.Previous) })],
    };
}
