namespace Cluster.Dataplane.Dns;

/// <summary>Something known of a name. The key never changes.</summary>
/// <param name="name">The name as messages carry it, in lower case.</param>
/// <param name="type">The type, where entries of a table are told apart by it too; otherwise 0.</param>
internal abstract class NameEntry(byte[] name, DnsType type = 0)
{
    public byte[] Name => name;

    public DnsType Type => type;

    public ulong Hash { get; } = HashOf(name, type);

    /// <summary>Reads a byte of each place that an answer is made from; returns anything.</summary>
    public virtual int Touch() => name.Length;

    public static ulong HashOf(ReadOnlySpan<byte> name, DnsType type = 0) => WireName.Hash(name) + ((ulong)type * 0x9E37_79B9_7F4A_7C15);

    public bool Is(ReadOnlySpan<byte> other, DnsType otherType) => type == otherType && name.AsSpan().SequenceEqual(other);
}
