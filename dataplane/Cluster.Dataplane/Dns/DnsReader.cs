using System.Buffers.Binary;
using System.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>Reads a message that may be anything: every length and jump is bounded, and failure is a false.</summary>
internal ref struct DnsReader(ReadOnlySpan<byte> message)
{
    public const int HeaderBytes = 12;
    private const int MaxNameBytes = 255;
    private const int MaxLabelBytes = 63;
    private const int MaxJumps = 64;

    private readonly ReadOnlySpan<byte> _message = message;

    public int Position { get; private set; } = HeaderBytes;

    public static ushort UInt16At(ReadOnlySpan<byte> message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);

    /// <summary>Reads a name, in lower case; a dot inside a label, which no name of ours has, becomes a zero.</summary>
    public bool TryReadName(out string name)
    {
        Span<char> text = stackalloc char[MaxNameBytes + 1];
        name = "";
        var length = 0;
        var position = Position;
        var jumps = 0;
        while (true)
        {
            if (position >= _message.Length) return false;
            int size = _message[position++];
            if (size == 0) break;
            if ((size & 0xC0) == 0xC0)
            {
                if (position >= _message.Length) return false;
                var target = ((size & 0x3F) << 8) | _message[position++];
                if (jumps == 0) Position = position;
                // Only backwards and only so often: no loop can be written.
                if (target >= position - 2 || ++jumps > MaxJumps) return false;
                position = target;
                continue;
            }

            if (size > MaxLabelBytes || position + size > _message.Length || length + size + 1 > MaxNameBytes) return false;
            length = Append(text, length, _message.Slice(position, size));
            position += size;
        }

        if (jumps == 0) Position = position;
        name = Finish(text[..length]);
        return true;
    }

    public bool TryReadUInt16(out ushort value)
    {
        value = 0;
        if (Position + 2 > _message.Length) return false;
        value = UInt16At(_message, Position);
        Position += 2;
        return true;
    }

    /// <summary>Reads a record; its data are understood for addresses and CNAMEs only.</summary>
    public bool TryReadRecord(out string name, out DnsType type, out ushort @class, out int ttl, out DnsRecord? known)
    {
        known = null;
        (type, @class, ttl) = (default, 0, 0);
        if (!TryReadName(out name) || Position + 10 > _message.Length) return false;
        type = (DnsType)UInt16At(_message, Position);
        @class = UInt16At(_message, Position + 2);
        ttl = BinaryPrimitives.ReadInt32BigEndian(_message[(Position + 4)..]);
        int size = UInt16At(_message, Position + 8);
        Position += 10;
        if (Position + size > _message.Length) return false;
        var end = Position + size;
        if ((type == DnsType.A && size == 4) || (type == DnsType.AAAA && size == 16))
            known = new AddressRecord(name, new IPAddress(_message.Slice(Position, size)), ttl);
        else if (type == DnsType.CNAME && TryReadName(out var target))
            known = new NameRecord(name, type, target, ttl);
        Position = end;
        return true;
    }

    private static int Append(Span<char> text, int length, ReadOnlySpan<byte> label)
    {
        foreach (var value in label)
            text[length++] = value == (byte)'.' ? '\0' : char.ToLowerInvariant((char)value);
        text[length++] = '.';
        return length;
    }

    private static string Finish(ReadOnlySpan<char> text) => text.Length == 0 ? "" : new string(text[..^1]);
}
