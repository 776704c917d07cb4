namespace Cluster.Storage;

/// <summary>What every store demands of a transaction before it looks at it, so that both refuse the same.</summary>
internal static class TxnRules
{
    /// <summary>etcd's default request limit (1.5 MiB): a larger one is refused by etcd, so the embedded store refuses it too.</summary>
    public const int MaxRequestBytes = 1536 * 1024;

    public static void Check(StoreTxn txn)
    {
        ArgumentNullException.ThrowIfNull(txn);
        if (txn.Operations.Count > StoreTxn.MaxOperations || txn.Compares.Count > StoreTxn.MaxOperations)
            throw new ArgumentException($"A transaction holds at most {StoreTxn.MaxOperations} operations.", nameof(txn));
        CheckKeys(txn.Operations);
        CheckSize(txn.Operations);
    }

    private static void CheckKeys(IReadOnlyList<StoreOp> operations)
    {
        HashSet<string>? seen = operations.Count > 1 ? new HashSet<string>(StringComparer.Ordinal) : null;
        foreach (var operation in operations)
        {
            ArgumentException.ThrowIfNullOrEmpty(operation.Key);
            if (seen is not null && !seen.Add(operation.Key))
                throw new ArgumentException($"The key {operation.Key} stands twice in one transaction.", nameof(operations));
        }
    }

    private static void CheckSize(IReadOnlyList<StoreOp> operations)
    {
        long bytes = 0;
        foreach (var operation in operations)
            bytes += operation.Key.Length + (operation.Value?.Length ?? 0);
        if (bytes > MaxRequestBytes)
            throw new StoreException($"the request is too large: {bytes} bytes, the limit is {MaxRequestBytes}") { NotApplied = true };
    }
}
