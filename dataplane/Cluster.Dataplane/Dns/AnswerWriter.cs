using System.Buffers.Binary;

namespace Cluster.Dataplane.Dns;

/// <summary>Writes an answer behind its question, in the buffer the query was received in. What does not fit is left out and told.</summary>
internal ref struct AnswerWriter
{
    private const int OptBytes = 11;

    private readonly Span<byte> _buffer;
    private readonly DnsQuery _query;
    private readonly int _limit;
    private int _answers;
    private int _authorities;
    private int _additional;
    private bool _truncated;

    /// <param name="buffer">The query, and room behind it.</param>
    /// <param name="query">What it asks.</param>
    /// <param name="limit">The largest answer, below the buffer's length.</param>
    public AnswerWriter(Span<byte> buffer, in DnsQuery query, int limit)
    {
        _buffer = buffer;
        _query = query;
        _limit = limit - (query.HasEdns ? OptBytes : 0);
        Position = query.QuestionEnd > 0 ? query.QuestionEnd : DnsHeader.Bytes;
    }

    /// <summary>Where the next record will stand.</summary>
    public int Position { get; private set; }

    public readonly bool IsTruncated => _truncated;

    /// <summary>The message so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[..Position];

    /// <summary>Adds a set to the answers, another record first with each turn.</summary>
    /// <param name="set">The records.</param>
    /// <param name="turn">Which comes first, counted round.</param>
    /// <param name="owner">Where their owner's name stands in the message.</param>
    public void AddAnswers(DnsRecordSet set, uint turn, int owner)
    {
        int first = set.Count == 1 ? 0 : (int)(turn % (uint)set.Count);
        if (owner == DnsHeader.Bytes && !_truncated && set.Bytes.Length <= _limit - Position)
        {
            int start = set.StartOf(first);
            set.Bytes[start..].CopyTo(_buffer[Position..]);
            if (start > 0) set.Bytes[..start].CopyTo(_buffer[(Position + set.Bytes.Length - start)..]);
            Position += set.Bytes.Length;
            _answers += set.Count;
            return;
        }

        for (int i = 0; i < set.Count && TryAdd(set.Record((first + i) % set.Count), owner); i++) _answers++;
    }

    /// <summary>Adds a set to the additional records: without it the answer is whole too, so nothing is told if it does not fit.</summary>
    public void AddAdditional(DnsRecordSet set, int owner)
    {
        for (int i = 0; i < set.Count; i++)
        {
            if (set.Record(i).Length > _limit - Position || !TryAdd(set.Record(i), owner)) return;
            _additional++;
        }
    }

    /// <summary>Adds an address record that stands nowhere ready.</summary>
    public void AddAddress(DnsType type, scoped ReadOnlySpan<byte> address, int ttl)
    {
        if (!TryReserve(2 + DnsHeader.RecordBytes + address.Length)) return;
        WriteHead(DnsHeader.PointerTo(DnsHeader.Bytes), type, (uint)ttl, address.Length);
        address.CopyTo(_buffer[Position..]);
        Position += address.Length;
        _answers++;
    }

    /// <summary>Adds an alias of the question's name; where its target stands in the message.</summary>
    public int AddAlias(scoped ReadOnlySpan<byte> target, int ttl)
    {
        if (!TryReserve(2 + DnsHeader.RecordBytes + target.Length)) return 0;
        WriteHead(DnsHeader.PointerTo(DnsHeader.Bytes), DnsType.CNAME, (uint)ttl, target.Length);
        int place = Position;
        target.CopyTo(_buffer[Position..]);
        Position += target.Length;
        _answers++;
        return place;
    }

    /// <summary>Adds a record of another message with its names written out.</summary>
    public void AddCopy(scoped ReadOnlySpan<byte> owner, DnsType type, uint ttl, scoped ReadOnlySpan<byte> data)
    {
        if (!TryReserve(owner.Length + DnsHeader.RecordBytes + data.Length)) return;
        owner.CopyTo(_buffer[Position..]);
        Position += owner.Length - 2;
        // The head writes two bytes of owner before the rest: the last two of the name again.
        WriteHead(BinaryPrimitives.ReadUInt16BigEndian(owner[^2..]), type, ttl, data.Length);
        data.CopyTo(_buffer[Position..]);
        Position += data.Length;
        _answers++;
    }

    /// <summary>Adds the authority of a negative answer.</summary>
    /// <param name="zone">The zone that gives it.</param>
    /// <param name="owner">Where the zone's name stands in the message.</param>
    public void AddAuthority(DnsZone zone, int owner)
    {
        if (_truncated || zone.AuthorityBytes > _limit - Position) return;
        zone.WriteAuthority(_buffer[Position..], Position, owner);
        Position += zone.AuthorityBytes;
        _authorities++;
    }

    /// <summary>Takes over the records of a whole answer to the same question.</summary>
    public void AddMessage(UpstreamAnswer answer, long now)
    {
        ReadOnlySpan<byte> records = answer.Records;
        if (!TryReserve(records.Length)) return;
        records.CopyTo(_buffer[Position..]);
        answer.WriteTtls(_buffer[Position..], now);
        Position += records.Length;
        _answers = answer.Answers;
        _authorities = answer.Authorities;
        _additional = answer.Additional;
    }

    /// <summary>Completes header and OPT record; the length of the whole.</summary>
    public int Finish(DnsResponseCode code, bool authoritative)
    {
        _buffer[2] = (byte)(DnsHeader.Response | (_buffer[2] & (DnsHeader.OpCode | DnsHeader.RecursionDesired))
            | (authoritative ? DnsHeader.Authoritative : 0) | (_truncated ? DnsHeader.Truncated : 0));
        // Whoever wants no checking hears that there was none (RFC 4035, 3.2.2).
        _buffer[3] = (byte)(DnsHeader.RecursionAvailable | (_buffer[3] & DnsHeader.CheckingDisabled) | ((byte)code & DnsHeader.Code));
        if (_query.HasEdns) WriteOpt((byte)((byte)code >> 4));
        DnsHeader.SetUInt16(_buffer, DnsHeader.Questions, _query.QuestionEnd > 0 ? 1 : 0);
        DnsHeader.SetUInt16(_buffer, DnsHeader.Answers, _answers);
        DnsHeader.SetUInt16(_buffer, DnsHeader.Authorities, _authorities);
        DnsHeader.SetUInt16(_buffer, DnsHeader.Additional, _additional);
        return Position;
    }

    private bool TryAdd(ReadOnlySpan<byte> record, int owner)
    {
        if (!TryReserve(record.Length)) return false;
        record.CopyTo(_buffer[Position..]);
        DnsHeader.SetUInt16(_buffer, Position, DnsHeader.PointerTo(owner));
        Position += record.Length;
        return true;
    }

    private bool TryReserve(int bytes)
    {
        _truncated |= bytes > _limit - Position;
        return !_truncated;
    }

    private void WriteHead(ushort owner, DnsType type, uint ttl, int dataBytes)
    {
        Span<byte> head = _buffer[Position..];
        BinaryPrimitives.WriteUInt16BigEndian(head, owner);
        BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(head[4..], DnsHeader.ClassIn);
        BinaryPrimitives.WriteUInt32BigEndian(head[6..], ttl);
        BinaryPrimitives.WriteUInt16BigEndian(head[10..], (ushort)dataBytes);
        Position += 2 + DnsHeader.RecordBytes;
    }

    private void WriteOpt(byte extendedCode)
    {
        Span<byte> opt = _buffer.Slice(Position, OptBytes);
        opt.Clear();
        opt[2] = (byte)DnsType.OPT;
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], DnsQuery.MostUdpBytes);
        opt[5] = extendedCode;
        Position += OptBytes;
        _additional++;
    }
}
