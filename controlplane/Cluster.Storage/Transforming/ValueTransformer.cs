namespace Cluster.Storage.Transforming;

/// <summary>Changes values of some keys on their way into the store and back. Safe for concurrent use.</summary>
public abstract class ValueTransformer
{
    /// <summary>Whether the value of this key is changed.</summary>
    public abstract bool AppliesTo(string key);

    public abstract ReadOnlyMemory<byte> ToStore(string key, ReadOnlyMemory<byte> value);

    /// <exception cref="StoreException">What is stored can't be turned back; the message names the key, never the value.</exception>
    public abstract ReadOnlyMemory<byte> FromStore(string key, ReadOnlyMemory<byte> stored);
}
