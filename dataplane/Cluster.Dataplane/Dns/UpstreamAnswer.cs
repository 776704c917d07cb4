using System.Buffers.Binary;

namespace Cluster.Dataplane.Dns;

/// <summary>What another server said, without its OPT record, and how long that may be repeated.</summary>
/// <remarks>Kept as it came: its pointers stay true in any message that begins with the same question. Times are milliseconds of the responder's clock.</remarks>
internal sealed class UpstreamAnswer : NameEntry
{
    /// <summary>What askers may remember of an answer that should have been forgotten (RFC 8767, 4).</summary>
    private const uint StaleTtlSeconds = 30;

    private readonly byte[] _message;
    private readonly int[] _ttlOffsets;
    private readonly int _start;
    private readonly long _receivedAt;
    private long _freshUntil;
    private bool _used;

    private UpstreamAnswer(UpstreamQuestion question, DnsResponseCode code, byte[] message, int[] ttlOffsets, int ttlSeconds, long now)
        : base(question.Name, question.Type)
    {
        Code = code;
        _message = message;
        _ttlOffsets = ttlOffsets;
        _start = DnsHeader.Bytes + question.Name.Length + 4;
        _receivedAt = now;
        TtlSeconds = ttlSeconds;
        ExpiresAt = now + (ttlSeconds * 1000L);
        _freshUntil = ExpiresAt;
    }

    public DnsResponseCode Code { get; }

    public int Answers { get; private init; }

    public int Authorities { get; private init; }

    public int Additional { get; private init; }

    /// <summary>How long it may be repeated; 0: not at all.</summary>
    public int TtlSeconds { get; }

    public long ExpiresAt { get; }

    /// <summary>The servers could not say: what is told is the failure.</summary>
    public bool IsFailure => Code is not (DnsResponseCode.NoError or DnsResponseCode.NameError);

    public int Bytes => _message.Length;

    /// <summary>Answers, authorities and additional records.</summary>
    public ReadOnlySpan<byte> Records => _message.AsSpan(_start);

    /// <summary>Asked for since it was looked at last; for the cache's second chance. Races cost a chance, no more.</summary>
    public bool Used
    {
        get => Volatile.Read(ref _used);
        set => Volatile.Write(ref _used, value);
    }

    public bool IsFresh(long now) => now < Volatile.Read(ref _freshUntil);

    /// <summary>Lets a stale answer stand for some time, because nobody can be asked for a better one.</summary>
    public void Extend(long until) => Volatile.Write(ref _freshUntil, until);

    /// <summary>That no server could be asked, or none could say.</summary>
    /// <param name="question">What was asked.</param>
    /// <param name="code">What is told of it.</param>
    /// <param name="now">The time.</param>
    /// <param name="remembered">How long it may be told again without asking; a failure of our own is not to be remembered.</param>
    public static UpstreamAnswer Failure(UpstreamQuestion question, DnsResponseCode code, long now, TimeSpan remembered = default) =>
        new(question, code, new byte[DnsHeader.Bytes + question.Name.Length + 4], [], (int)remembered.TotalSeconds, now);

    /// <summary>Reads an answer that was checked to belong to the question; null where it is broken.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="question">What was asked.</param>
    /// <param name="longest">Nothing is kept longer.</param>
    /// <param name="longestNegative">That there is nothing is kept no longer.</param>
    /// <param name="now">The time.</param>
    public static UpstreamAnswer? Read(ReadOnlySpan<byte> message, UpstreamQuestion question, TimeSpan longest, TimeSpan longestNegative, long now)
    {
        var reader = new DnsReader(message, DnsHeader.Bytes + question.Name.Length + 4);
        int answers = DnsHeader.UInt16At(message, DnsHeader.Answers), authorities = DnsHeader.UInt16At(message, DnsHeader.Authorities);
        int records = answers + authorities + DnsHeader.UInt16At(message, DnsHeader.Additional);
        var ttlOffsets = new List<int>();
        uint ttl = uint.MaxValue, negativeTtl = 0;
        int code = message[3] & DnsHeader.Code;
        int end = reader.Position, kept = 0;
        Span<byte> name = stackalloc byte[WireName.MaxBytes];
        for (int i = 0; i < records; i++)
        {
            if (!reader.TryReadName(name, out _) || !reader.TryReadFixed(out DnsRecordHeader record)) return null;
            if ((record.Type == DnsType.A && record.DataBytes != 4) || (record.Type == DnsType.AAAA && record.DataBytes != 16)) return null;
            if (record.Type is DnsType.CNAME or DnsType.NS or DnsType.PTR && !new DnsReader(message, record.Data).TryReadName(name, out _)) return null;
            if (record.Type == DnsType.OPT)
            {
                // The last as a rule. Without it those behind it would stand elsewhere: they are left out, as additional records may be.
                if (i < answers + authorities) return null;
                code |= (int)(record.Ttl >> 24) << 4;
                break;
            }

            if (i < answers) ttl = Math.Min(ttl, Seconds(record.Ttl));
            else if (i < answers + authorities && record.Type == DnsType.SOA) negativeTtl = NegativeTtl(message, record);
            ttlOffsets.Add(record.TtlOffset);
            end = reader.Position;
            kept++;
        }

        if (code > (int)DnsResponseCode.Refused) code = (int)DnsResponseCode.ServerFailure;
        // An alias that leads nowhere is a negative answer with answers.
        bool negative = code != (int)DnsResponseCode.NoError || answers == 0 || authorities > 0 && negativeTtl > 0;
        uint seconds = negative ? Math.Min(Math.Min(ttl, negativeTtl), (uint)longestNegative.TotalSeconds) : Math.Min(ttl, (uint)longest.TotalSeconds);
        return new UpstreamAnswer(question, (DnsResponseCode)code, message[..end].ToArray(), [.. ttlOffsets], (int)seconds, now)
        {
            Answers = answers,
            Authorities = authorities,
            Additional = kept - answers - authorities,
        };
    }

    /// <summary>Writes what is left of the TTLs into a copy of <see cref="Records"/>.</summary>
    public void WriteTtls(Span<byte> records, long now)
    {
        foreach (int offset in _ttlOffsets)
        {
            Span<byte> ttl = records[(offset - _start)..];
            BinaryPrimitives.WriteUInt32BigEndian(ttl, Left(BinaryPrimitives.ReadUInt32BigEndian(ttl), now));
        }
    }

    /// <summary>Adds the addresses, and the aliases that lead to them, to an answer that began with another alias.</summary>
    /// <returns>True if there was an address.</returns>
    public bool AddTo(ref AnswerWriter writer, long now)
    {
        Span<byte> owner = stackalloc byte[WireName.MaxBytes];
        Span<byte> target = stackalloc byte[WireName.MaxBytes];
        var reader = new DnsReader(_message, _start);
        bool found = false;
        for (int i = 0; i < Answers; i++)
        {
            if (!reader.TryReadName(owner, out int ownerBytes) || !reader.TryReadFixed(out DnsRecordHeader record)) break;
            if (ownerBytes < 2) continue;
            scoped ReadOnlySpan<byte> data = _message.AsSpan(record.Data, record.DataBytes);
            if (record.Type == DnsType.CNAME)
            {
                if (!new DnsReader(_message, record.Data).TryReadName(target, out int targetBytes)) break;
                data = target[..targetBytes];
            }
            else if (record.Type != Type)
            {
                continue;
            }

            found |= record.Type == Type;
            writer.AddCopy(owner[..ownerBytes], record.Type, Left(record.Ttl, now), data);
        }

        return found;
    }

    /// <summary>True where an answer of the question's own type is among the records.</summary>
    public bool HasType()
    {
        var reader = new DnsReader(_message, _start);
        for (int i = 0; i < Answers && reader.TrySkipRecord(out DnsRecordHeader record); i++)
            if (record.Type == Type) return true;
        return false;
    }

    private uint Left(uint ttl, long now) =>
        now >= ExpiresAt && TtlSeconds > 0 ? StaleTtlSeconds : (uint)Math.Max(0, Seconds(ttl) - ((now - _receivedAt) / 1000));

    // The highest bit means 0 (RFC 2181, 8).
    private static uint Seconds(uint ttl) => ttl > int.MaxValue ? 0 : ttl;

    // The lesser of the record's own TTL and its last field (RFC 2308, 5).
    private static uint NegativeTtl(ReadOnlySpan<byte> message, in DnsRecordHeader record) => record.DataBytes < 22
        ? 0
        : Math.Min(Seconds(record.Ttl), Seconds(BinaryPrimitives.ReadUInt32BigEndian(message[(record.Data + record.DataBytes - 4)..])));
}
