namespace Cluster.Storage.Transforming;

/// <summary>A named AES key of 16, 24 or 32 bytes.</summary>
public sealed record EncryptionKey(string Name, ReadOnlyMemory<byte> Secret)
{
    /// <summary>The name alone: a record would print the secret's type, and a log is no place for either.</summary>
    public override string ToString() => Name;
}
