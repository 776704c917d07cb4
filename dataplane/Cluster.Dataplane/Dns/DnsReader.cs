using System.Buffers.Binary;

namespace Cluster.Dataplane.Dns;

/// <summary>Walks through the records of a message that may be anything: every length and jump is bounded, failure is a false, and nothing is allocated.</summary>
internal ref struct DnsReader(ReadOnlySpan<byte> message, int position)
{
    /// <summary>Each jump leads backwards, and no name has more labels than this to jump between.</summary>
    private const int MaxJumps = WireName.MaxLabels;

    private readonly ReadOnlySpan<byte> _message = message;

    public int Position { get; private set; } = position;

    /// <summary>Passes over a name without following its pointer.</summary>
    public bool TrySkipName()
    {
        int position = Position;
        while (position < _message.Length)
        {
            int size = _message[position];
            if (size == 0 || (size & 0xC0) == 0xC0)
            {
                Position = position + (size == 0 ? 1 : 2);
                return Position <= _message.Length;
            }

            if (size > 0x3F) return false;
            position += size + 1;
        }

        return false;
    }

    /// <summary>Reads a name, in lower case and without pointers.</summary>
    /// <param name="name">Room for <see cref="WireName.MaxBytes"/>.</param>
    /// <param name="length">The bytes written, the final zero included.</param>
    public bool TryReadName(scoped Span<byte> name, out int length)
    {
        length = 0;
        int position = Position;
        int jumps = 0;
        while (position < _message.Length)
        {
            int size = _message[position];
            if ((size & 0xC0) == 0xC0)
            {
                if (position + 1 >= _message.Length) return false;
                int target = ((size & 0x3F) << 8) | _message[position + 1];
                if (jumps == 0) Position = position + 2;
                // Only backwards and only so often: no loop can be written. In the header no name stands.
                if (target >= position || target < DnsHeader.Bytes || ++jumps > MaxJumps) return false;
                position = target;
                continue;
            }

            if (size > 0x3F || position + size + 1 > _message.Length || length + size + 1 > WireName.MaxBytes) return false;
            WireName.ToLower(_message.Slice(position, size + 1), name[length..]);
            length += size + 1;
            position += size + 1;
            if (size > 0) continue;
            if (jumps == 0) Position = position;
            return true;
        }

        return false;
    }

    /// <summary>Reads what stands between owner and data, and passes over the data.</summary>
    public bool TryReadFixed(out DnsRecordHeader record)
    {
        record = default;
        if (Position + DnsHeader.RecordBytes > _message.Length) return false;
        ReadOnlySpan<byte> bytes = _message[Position..];
        record = new DnsRecordHeader(
            (DnsType)DnsHeader.UInt16At(bytes, 0),
            DnsHeader.UInt16At(bytes, 2),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            Position + 4,
            Position + DnsHeader.RecordBytes,
            DnsHeader.UInt16At(bytes, 8));
        Position = record.Data + record.DataBytes;
        return Position <= _message.Length;
    }

    public bool TrySkipRecord(out DnsRecordHeader record)
    {
        record = default;
        return TrySkipName() && TryReadFixed(out record);
    }
}
