namespace Cluster.Dataplane.Dns;

/// <summary>Brings what a batch of queries will be answered from into the processor's caches before they are answered.</summary>
/// <remarks>
/// A name leads over half a dozen places of memory to its records, and with ten thousand names most of them are in no cache: one query after
/// the other waits for each in turn. Looked up in steps, each for the whole batch, those waits overlap. It changes nothing but the time; what it
/// can't read it passes over. Measured with 10,000 names: a fifth of the time of an answer. Used by one thread.
/// </remarks>
internal sealed class DnsLookAhead(NameTable<DnsNode> names, int capacity)
{
    private readonly NameTable<DnsNode>.Ahead _ahead = new(names, capacity);
    private readonly byte[] _name = new byte[WireName.MaxBytes];

    /// <summary>A query of the batch.</summary>
    public void Add(int index, ReadOnlySpan<byte> query)
    {
        ReadOnlySpan<byte> name = query[Math.Min(DnsHeader.Bytes, query.Length)..];
        int length = name[..Math.Min(name.Length, WireName.MaxBytes)].IndexOf((byte)0) + 1;
        WireName.ToLower(name[..length], _name);
        _ahead.Add(index, NameEntry.HashOf(_name.AsSpan(0, length)));
    }

    /// <summary>Touches what the names of the batch lead to; so many were added.</summary>
    public void Touch(int count) => _ahead.Touch(count);
}
