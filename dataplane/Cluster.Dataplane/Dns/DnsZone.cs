using System.Buffers.Binary;

namespace Cluster.Dataplane.Dns;

/// <summary>The names of a domain, and the reverse names of its addresses, ready to be answered.</summary>
/// <remarks>
/// One writer, any number of readers without a lock. A name is changed by itself, at a cost that does not grow with their number, and is seen
/// whole or as it was. Names of the domain that are not here do not exist; others are asked upstream.
/// </remarks>
public sealed class DnsZone
{
    /// <summary>The authority's records for secondaries, of which there are none: refresh, retry, expire.</summary>
    private static readonly uint[] Timers = [7200, 1800, 86_400];

    private readonly NameTable<DnsNode> _names = new();
    private readonly byte[] _domain;
    private readonly byte[] _services;
    private readonly byte[] _authority;
    private readonly int _domainLabels;
    private volatile bool _isLoaded;
    private uint _serial;

    /// <param name="domain">The domain the names belong to, such as cluster.local.</param>
    /// <param name="ttl">How long an answer, or that there is none, may be remembered; whole seconds.</param>
    /// <exception cref="ArgumentException">The domain is no name.</exception>
    public DnsZone(string domain, TimeSpan ttl)
    {
        _domain = WireName.FromText(domain) is { Length: > 1 } name ? name : throw new ArgumentException($"{domain} is not a domain", nameof(domain));
        _services = WireName.FromText($"svc.{domain}") ?? throw new ArgumentException($"{domain} is too long", nameof(domain));
        Span<byte> starts = stackalloc byte[WireName.MaxLabels];
        WireName.Measure(_domain, starts, out _domainLabels);
        TtlSeconds = (int)ttl.TotalSeconds;
        _authority = EncodeAuthority(domain, TtlSeconds);
        Set(domain, []);
    }

    public int TtlSeconds { get; }

    /// <summary>All names are in. Until then what is not found may exist, and the asker is told to ask again.</summary>
    public bool IsLoaded
    {
        get => _isLoaded;
        set => _isLoaded = value;
    }

    /// <summary>Names there are.</summary>
    public int Count => _names.Count;

    internal int DomainLabels => _domainLabels;

    /// <summary>The domain as messages carry it.</summary>
    internal ReadOnlySpan<byte> Domain => _domain;

    /// <summary>The domain of services, <c>svc.</c> before the domain.</summary>
    internal ReadOnlySpan<byte> Services => _services;

    /// <summary>Gives a name its records, in place of those it had: none, and the name exists without any. A name no message can carry is passed over.</summary>
    public void Set(string name, IReadOnlyList<DnsRecord> records)
    {
        if (DnsNode.Of(name, records) is not { } node) return;
        if (_names.Find(node.Name) is { } before && before.Equals(node)) return;
        _names.Set(node);
        Changed();
    }

    /// <summary>Takes a name away.</summary>
    public void Remove(string name)
    {
        if (WireName.FromText(name) is { } wire && _names.Find(wire) is { } node && _names.Remove(node)) Changed();
    }

    /// <summary>Looks names of batches up ahead; for one thread.</summary>
    internal DnsLookAhead LookAhead(int capacity) => new(_names, capacity);

    internal DnsNode? Find(ReadOnlySpan<byte> name) => name.IsEmpty ? null : _names.Find(name);

    /// <summary>True for the domain and what is below it.</summary>
    /// <param name="name">The name, in lower case.</param>
    /// <param name="ending">Its ending of as many labels as the domain has.</param>
    internal bool Owns(ReadOnlySpan<byte> name, ReadOnlySpan<byte> ending) => ending.Length == _domain.Length && name.EndsWith(_domain);

    /// <summary>True for the domain and what is below it, of a name whose labels are not known.</summary>
    internal bool Owns(ReadOnlySpan<byte> name)
    {
        if (name.Length < _domain.Length) return false;
        while (name.Length > _domain.Length) name = name[(name[0] + 1)..];
        return name.SequenceEqual(_domain);
    }

    /// <summary>The SOA record of negative answers.</summary>
    /// <param name="record">Room for <see cref="AuthorityBytes"/>.</param>
    /// <param name="position">Where in the message it is going to stand.</param>
    /// <param name="owner">Where in the message the name of the zone stands.</param>
    internal void WriteAuthority(Span<byte> record, int position, int owner)
    {
        _authority.CopyTo(record);
        DnsHeader.SetUInt16(record, 0, DnsHeader.PointerTo(owner));
        // The mailbox's domain is that of the server, which stands before it.
        int server = 2 + DnsHeader.RecordBytes;
        DnsHeader.SetUInt16(record, _authority.Length - 22, DnsHeader.PointerTo(position + server + "\u0002ns\u0003dns".Length));
        BinaryPrimitives.WriteUInt32BigEndian(record[(_authority.Length - 20)..], Volatile.Read(ref _serial));
    }

    internal int AuthorityBytes => _authority.Length;

    // A serial that grows: by the second as zones have it, and by one with more changes than that.
    private void Changed() => Volatile.Write(ref _serial, Math.Max(_serial + 1, (uint)TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()));

    private static byte[] EncodeAuthority(string domain, int ttl)
    {
        byte[] server = WireName.FromText($"ns.dns.{domain}") ?? throw new ArgumentException($"{domain} is too long", nameof(domain));
        byte[] mailbox = [.. WireName.FromText("hostmaster")![..^1], 0, 0];
        var record = new byte[2 + DnsHeader.RecordBytes + server.Length + mailbox.Length + 20];
        DnsHeader.SetUInt16(record, 2, (int)DnsType.SOA);
        DnsHeader.SetUInt16(record, 4, DnsHeader.ClassIn);
        BinaryPrimitives.WriteInt32BigEndian(record.AsSpan(6), ttl);
        DnsHeader.SetUInt16(record, 10, record.Length - 2 - DnsHeader.RecordBytes);
        server.CopyTo(record, 2 + DnsHeader.RecordBytes);
        mailbox.CopyTo(record, 2 + DnsHeader.RecordBytes + server.Length);
        Span<byte> timers = record.AsSpan(record.Length - 16);
        for (int i = 0; i < Timers.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(timers[(i * 4)..], Timers[i]);
        BinaryPrimitives.WriteInt32BigEndian(timers[12..], ttl);
        return record;
    }
}
